import { resetDomain, resetDomainKey } from '../../host/reset-domain.ts';
import type { PciDeviceFacts } from '../../host/model.ts';
import { HOT_RESET_DEVID, HOT_RESET_INFO_FLAGS } from '../uapi/constants.ts';
import { encode } from '../uapi/codec.ts';
import { STRUCTS } from '../uapi/structs.ts';
import { check, errno } from './errno-exception.ts';
import type { CdevFile, DeviceFile } from './files.ts';
import type { Handler } from './handler.ts';
import type { IommufdContext } from './iommufd-context.ts';
import { vfioStruct } from './struct-argument.ts';
import type { World } from './world.ts';
import type { VfioGroup } from './vfio-group.ts';

const HEADER_SIZE = STRUCTS.vfio_pci_hot_reset_info.size;
const ENTRY_SIZE = STRUCTS.vfio_pci_dependent_device.size;

/** What a bus reset would hit. @throws ErrnoException ENODEV where there is no bus to reset */
const affectedBy = ({ model }: World, { device: { pci } }: DeviceFile | CdevFile): readonly PciDeviceFacts[] => {
  if (pci === null || resetDomainKey(model, pci) === pci.address) throw errno('ENODEV');
  return resetDomain(model, pci);
};

/** The object id in this iommufd, 0 for a device whose group it holds, -1 for all others (vfio_pci_core.c, iommufd/device.c). */
const devidIn = (context: IommufdContext, { devices, iommuGroups }: World, { address, group }: PciDeviceFacts): number => {
  const binding = devices.get(address)?.binding;
  if (binding?.context === context) return binding.id;
  const iommuGroup = group === null ? undefined : iommuGroups.get(group);
  const isHeld =
    iommuGroup !== undefined &&
    [...context.objects.values()].some((object) => object.kind === 'device' && object.iommuGroup === iommuGroup);
  return isHeld ? HOT_RESET_DEVID.OWNED : HOT_RESET_DEVID.NOT_OWNED;
};

/** @throws ErrnoException EPERM for a device without a group, which nobody can own */
const groupIdOf = ({ group }: PciDeviceFacts): number => {
  if (group === null) throw errno('EPERM');
  return group;
};

const parseAddress = (address: string): { readonly segment: number; readonly bus: number; readonly devfn: number } => {
  const [segment = 0, bus = 0, slot = 0, fn = 0] = address.split(/[:.]/).map((part) => Number.parseInt(part, 16));
  return { segment, bus, devfn: (slot << 3) | fn };
};

/** VFIO_DEVICE_GET_PCI_HOT_RESET_INFO. Too little room is ENOSPC with the count filled in. */
export const getHotResetInfo: Handler<DeviceFile | CdevFile> = (world, file, argument) => {
  const struct = vfioStruct(world.memory, 'vfio_pci_hot_reset_info', argument);
  const affected = affectedBy(world, file);
  const context = file.kind === 'cdev' ? file.device.binding?.context : undefined;
  const ids = affected.map((device) => (context === undefined ? groupIdOf(device) : devidIn(context, world, device)));
  const isOwned = !ids.includes(HOT_RESET_DEVID.NOT_OWNED);
  const flags = context === undefined ? 0 : HOT_RESET_INFO_FLAGS.DEV_ID | (isOwned ? HOT_RESET_INFO_FLAGS.DEV_ID_OWNED : 0);
  const fits = struct.values.argsz >= HEADER_SIZE + ENTRY_SIZE * affected.length;
  struct.write({ flags: fits ? flags : 0, count: affected.length });
  check(fits, 'ENOSPC');
  for (const [index, { address }] of affected.entries()) {
    // group_id and devid are one field of a union.
    const entry = encode('vfio_pci_dependent_device', { devid: ids[index] ?? 0, ...parseAddress(address) });
    struct.bytes.set(entry, HEADER_SIZE + ENTRY_SIZE * index);
  }
  return 0;
};

/** @throws ErrnoException EBADF, EINVAL for an fd that is no group */
const groupsIn = ({ fds }: World, bytes: Uint8Array, count: number): ReadonlySet<VfioGroup> => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const groups = Array.from({ length: count }, (_, index) => {
    const file = fds.get(view.getInt32(HEADER_SIZE + 4 * index, true));
    if (file.kind !== 'group') throw errno('EINVAL');
    return file.group;
  });
  return new Set(groups);
};

/** VFIO_DEVICE_PCI_HOT_RESET: every affected device that is open must belong to the caller, shown by group fds or by the iommufd. */
export const hotReset: Handler<DeviceFile | CdevFile> = (world, file, argument) => {
  const { values, bytes } = vfioStruct(world.memory, 'vfio_pci_hot_reset', argument);
  const { flags, count } = values;
  check(flags === 0, 'EINVAL');
  const context = file.kind === 'cdev' ? file.device.binding?.context : undefined;
  check(context === undefined ? count >= 1 : count === 0, 'EINVAL');
  const affected = affectedBy(world, file);
  check(count <= affected.length, 'EINVAL');
  check(bytes.length >= HEADER_SIZE + 4 * count, 'EFAULT');
  const groups = groupsIn(world, bytes, count);
  for (const facts of affected) {
    const device = world.devices.get(facts.address);
    const isOwned =
      context === undefined
        ? device === undefined || groups.has(device.group)
        : devidIn(context, world, facts) !== HOT_RESET_DEVID.NOT_OWNED;
    check(isOwned || device?.isOpen === false, 'EINVAL');
  }
  for (const { address } of affected) {
    const device = world.devices.get(address);
    if (device !== undefined) device.resets += 1;
  }
  return 0;
};
