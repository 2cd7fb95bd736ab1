import type { Problem } from '../errors/problem.ts';
import type { PciDeviceFacts } from '../host/model.ts';
import { isBridge, isVfioDriver } from '../host/query.ts';
import { pciDeviceFolder } from '../host/read-pci-device.ts';
import { stateOf, vfioHolder, type BindingFacts } from './binding-facts.ts';

type Details = Required<Pick<Problem, 'code' | 'severity' | 'message' | 'cause' | 'fixes'>>;

const about = ({ address }: PciDeviceFacts, details: Details): Problem => ({ ...details, subject: address, location: address });

/** vfio-pci refuses anything with the header of a bridge (vfio_pci_core_register_device). */
const bridgeProblem = (device: PciDeviceFacts): Problem =>
  about(device, {
    code: 'VALUE_INVALID',
    severity: 'error',
    message: 'a bridge cannot be passed through',
    cause: 'vfio takes devices; a bridge stays with the host and does not keep its group from being viable',
    fixes: ['name a device behind it'],
  });

const allowsNoIommu = ({ host }: BindingFacts): boolean => host.modules['vfio']?.parameters?.['enable_unsafe_noiommu_mode'] === 'Y';

const iommuProblems = (facts: BindingFacts, device: PciDeviceFacts, driver: string): Problem[] =>
  device.group !== null || !isVfioDriver(driver) || allowsNoIommu(facts)
    ? []
    : [
        about(device, {
          code: 'NO_IOMMU',
          severity: 'error',
          message: `${driver} would not take it: Invalid argument`,
          cause: 'it is in no IOMMU group: the IOMMU is off in the firmware or in the kernel, or this machine has none',
          fixes: ['enable VT-d or AMD-Vi in the firmware setup', 'boot Linux with intel_iommu=on (AMD needs no option)'],
        }),
      ];

/** vfio refuses them with EBUSY, and most host drivers take the VFs away when they leave. */
const vfProblems = (device: PciDeviceFacts): Problem[] => {
  const { enabledVfs = 0, address } = device;
  return enabledVfs === 0
    ? []
    : [
        about(device, {
          code: 'BUSY',
          severity: 'error',
          message: 'virtual functions are enabled: Device or resource busy',
          cause: `it is a physical function with ${enabledVfs} VFs enabled; they depend on its driver`,
          fixes: [`echo 0 > ${pciDeviceFolder(address)}/sriov_numvfs`, 'bind a virtual function instead'],
        }),
      ];
};

/** The write to `unbind` would wait in the kernel, deaf to signals, until the holder ends (vfio_unregister_group_dev). */
export const heldProblems = ({ host }: BindingFacts, device: PciDeviceFacts): Problem[] => {
  const holder = vfioHolder(host, device);
  return holder === undefined
    ? []
    : [
        about(device, {
          code: 'BUSY',
          severity: 'error',
          message: 'Device or resource busy',
          cause: `process ${holder.pid} (${holder.command}) uses it, or a device of its group, through vfio`,
          fixes: [`stop process ${holder.pid}`],
        }),
      ];
};

const useProblems = (facts: BindingFacts, device: PciDeviceFacts, force: boolean): Problem[] =>
  stateOf(facts, device.address).uses.map(({ level, what }) => {
    const isWarning = level === 'warn' || force;
    return about(device, {
      code: 'BUSY',
      severity: isWarning ? 'warning' : 'error',
      message: 'the host uses this device',
      cause: what,
      fixes: isWarning ? [] : ['stop using it', `if the host can do without: vmattach bind --force ${device.address}`],
    });
  });

/** What stands against moving a device from its driver to another one. */
export const moveProblems = (facts: BindingFacts, device: PciDeviceFacts, driver: string, force: boolean): Problem[] => [
  ...(isBridge(device) ? [bridgeProblem(device)] : iommuProblems(facts, device, driver)),
  ...vfProblems(device),
  ...heldProblems(facts, device),
  ...useProblems(facts, device, force),
];

/** Said of a group whose members on host drivers were told to stay. */
export const stillNotViable = (group: number, blockers: readonly PciDeviceFacts[]): Problem => ({
  code: 'GROUP_NOT_VIABLE',
  severity: 'warning',
  subject: `group ${group}`,
  message: `group ${group} will not be viable`,
  cause: blockers.map(({ address, driver }) => `${address} stays on ${driver ?? 'no driver'}`).join('; '),
  fixes: ['leave --only-named out'],
});
