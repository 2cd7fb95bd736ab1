import type { Problem } from '../errors/problem.ts';
import { deviceProblem } from './device-problem.ts';
import type { HostIndex } from './host-index.ts';
import type { PlannedDevice } from './planned-device.ts';
import * as remedies from './remedies.ts';

/** Whose `allow_unsafe_interrupts` the kernel asks: iommufd's own, also where it serves /dev/vfio/vfio. */
export const interruptModule = (device: PlannedDevice, host: HostIndex): 'vfio_iommu_type1' | 'iommufd' =>
  device.backend === 'type1' && host.model.kernel.container !== 'iommufd' ? 'vfio_iommu_type1' : 'iommufd';

const checkInterrupts = (device: PlannedDevice, host: HostIndex): Problem[] => {
  const module = interruptModule(device, host);
  const allowed = host.model.modules[module]?.parameters?.['allow_unsafe_interrupts'] === 'Y';
  if (allowed || host.iommu(device.group)?.isolatedMsi !== false) {
    return [];
  }
  const message = `Operation not permitted: interrupts of group ${device.group} are not isolated`;
  return [deviceProblem(device, message, remedies.msiNotIsolated(device.backend, module))];
};

const checkFirmwareMappings = (device: PlannedDevice, host: HostIndex): Problem[] =>
  host.group(device.group)?.reserved.some(({ type }) => type === 'direct') === true
    ? [deviceProblem(device, `group ${device.group} has a firmware mapping that must stay`, remedies.directRegion(device.name))]
    : [];

/** What the kernel makes of a token for this device; undefined where facts do not tell. */
const tokenRule = ({ pci, mediated }: PlannedDevice, host: HostIndex): 'required' | 'allowed' | 'refused' | undefined => {
  if (mediated) {
    return 'refused';
  }
  if (pci === undefined) {
    return undefined;
  }
  if (pci.physicalFunction === undefined) {
    return pci.enabledVfs === undefined ? 'refused' : 'allowed';
  }
  const physical = host.device(pci.physicalFunction);
  return physical === undefined ? undefined : physical.driver === 'vfio-pci' ? 'required' : 'refused';
};

const checkToken = (device: PlannedDevice, host: HostIndex): Problem[] => {
  const rule = tokenRule(device, host);
  const { kernel } = host.model;
  const byCdev = device.backend === 'iommufd';
  if (device.vfToken === undefined) {
    return rule === 'required' && (!byCdev || remedies.bindChecksToken(kernel))
      ? [deviceProblem(device, 'VF token required to access device', remedies.tokenRequired(device.name))]
      : [];
  }
  if (rule === 'refused') {
    return [deviceProblem(device, 'VF token given for a device that takes none', remedies.tokenNotWanted(device.name))];
  }
  return byCdev && !remedies.bindTakesToken(kernel)
    ? [deviceProblem(device, 'VF token cannot be given through iommufd', remedies.tokenTooNew(kernel))]
    : [];
};

/** Interrupt isolation, tokens and firmware mappings: what the kernel refuses with an errno that does not say why. */
export const checkKernelRules = (device: PlannedDevice, host: HostIndex): Problem[] => [
  ...(device.mediated ? [] : [...checkInterrupts(device, host), ...checkFirmwareMappings(device, host)]),
  ...checkToken(device, host),
];
