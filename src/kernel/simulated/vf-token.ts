import { check } from './errno-exception.ts';
import type { VfioDevice } from './vfio-device.ts';
import type { World } from './world.ts';

export const UUID_BYTES = 16;

/** A UUID as people write it, from the order of its bytes in memory. */
export const uuidText = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** The physical function of a VF, if vfio-pci has it: only then do tokens count. */
const physicalFunctionOf = ({ devices }: World, { pci }: VfioDevice): VfioDevice | undefined =>
  pci?.physicalFunction === undefined ? undefined : devices.get(pci.physicalFunction);

const openVirtualFunctions = ({ devices }: World, { name }: VfioDevice): readonly VfioDevice[] =>
  [...devices.values()].filter(({ pci, isOpen }) => pci?.physicalFunction === name && isOpen);

export const hasVirtualFunctions = ({ model }: World, { name }: VfioDevice): boolean =>
  model.devices.some(({ physicalFunction }) => physicalFunction === name);

/**
 * vfio_pci_validate_vf_token: a VF of a PF that vfio-pci has is opened with the PF's token; the PF's first open sets it.
 * @param token a UUID; undefined when the user gave none
 * @throws ErrnoException EACCES for a missing or wrong token, EINVAL for one where none belongs
 */
export const checkVfToken = (world: World, device: VfioDevice, token: string | undefined): void => {
  const physicalFunction = physicalFunctionOf(world, device);
  if (physicalFunction !== undefined) {
    // Nobody knows the random token that a PF starts with.
    check(token !== undefined && physicalFunction.token === token, 'EACCES');
    return;
  }
  if (!hasVirtualFunctions(world, device)) {
    check(token === undefined, 'EINVAL');
    return;
  }
  if (openVirtualFunctions(world, device).length > 0) check(token !== undefined && device.token === token, 'EACCES');
  else if (token !== undefined) device.token = token;
};
