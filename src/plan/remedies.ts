import type { BackendName } from '../backends/address-space.ts';
import type { GroupFacts, PciDeviceFacts, ProcessFacts } from '../host/model.ts';
import { isBridge } from '../host/query.ts';
import type { Remedy } from './remedy.ts';

export * from './kernel-remedies.ts';
export * from './node-remedies.ts';

/** Paste-able: gives devices to vfio-pci with all of their groups. */
export const bindCommand = (...addresses: readonly string[]): string => `vmattach bind ${addresses.join(' ')}`;

const named = ({ address, name }: PciDeviceFacts): string => `${address}${name === undefined ? '' : ` (${name})`}`;

const driverOf = ({ driver }: PciDeviceFacts): string => (driver === null ? 'has no driver' : `is bound to ${driver}`);

/** vfio_pci_core_register_device in drivers/vfio/pci/vfio_pci_core.c takes devices with a header of the normal type only. */
const bridgeNotBound = (device: PciDeviceFacts): Remedy => ({
  code: 'NOT_BOUND',
  cause: `${named(device)} is a PCI bridge, and vfio-pci takes endpoints only`,
  fixes: ['pass the devices behind it: vmattach devices lists them'],
});

export const notBound = (device: PciDeviceFacts): Remedy =>
  isBridge(device)
    ? bridgeNotBound(device)
    : {
        code: 'NOT_BOUND',
        cause: `${named(device)} ${driverOf(device)}; VFIO offers only devices that are bound to vfio-pci or a variant of it`,
        fixes: [bindCommand(device.address)],
      };

export const notViable = (group: number, blockers: readonly PciDeviceFacts[]): Remedy => ({
  code: 'GROUP_NOT_VIABLE',
  cause: `group ${group} also holds ${blockers.map((device) => `${named(device)}, which ${driverOf(device)}`).join('; ')}: all devices of a group must leave their host drivers, because the IOMMU cannot tell them apart`,
  fixes: [bindCommand(...blockers.map(({ address }) => address))],
});

export const noIommu = (address: string): Remedy => ({
  code: 'NO_IOMMU',
  cause: `${address} is in no IOMMU group: the IOMMU is off in the firmware or in the kernel, or this machine has none`,
  fixes: [
    'enable VT-d or AMD-Vi in the firmware setup',
    'boot Linux with intel_iommu=on (AMD needs no option)',
    'dmesg | grep -e DMAR -e AMD-Vi',
  ],
});

/** vfio.enable_unsafe_noiommu_mode: VFIO then makes groups that translate nothing, so guest RAM cannot be mapped for them. */
export const unsafeNoIommu = (name: string, { id }: GroupFacts, { capabilities }: ProcessFacts): Remedy => ({
  code: 'NO_IOMMU',
  cause: `${name} has no IOMMU; group ${id} was made up by enable_unsafe_noiommu_mode and translates nothing, so guest RAM cannot be mapped${capabilities.includes('CAP_SYS_RAWIO') ? '' : ', and even opening it takes CAP_SYS_RAWIO'}`,
  fixes: ['enable VT-d or AMD-Vi in the firmware setup', 'boot Linux with intel_iommu=on (AMD needs no option)'],
});

/** @param sysfs where it would be; undefined for PCI devices */
export const noSuchDevice = (name: string, sysfs: string | undefined): Remedy => ({
  code: 'NO_SUCH_DEVICE',
  cause: `the host has no device ${name}`,
  fixes: [
    sysfs === undefined
      ? 'vmattach devices --all lists the PCI devices of this host'
      : `ls ${sysfs.slice(0, sysfs.lastIndexOf('/'))}`,
  ],
});

/** @param module whose `allow_unsafe_interrupts` counts: that of the backend that really serves the device */
export const msiNotIsolated = (backend: BackendName, module = backend === 'type1' ? 'vfio_iommu_type1' : 'iommufd'): Remedy => ({
  code: 'MSI_NOT_ISOLATED',
  cause: 'the IOMMU does not isolate interrupts: a guest could raise interrupts of the host, so the kernel refuses',
  fixes: [
    'enable interrupt remapping (x2APIC) in the firmware',
    `if you trust the guest: echo Y > /sys/module/${module}/parameters/allow_unsafe_interrupts`,
  ],
});

export const tokenRequired = (name: string): Remedy => ({
  code: 'VF_TOKEN_REQUIRED',
  cause: `${name} is a virtual function whose physical function is bound to vfio-pci; both must give the same token`,
  fixes: ['add vf-token=UUID with the token that the holder of the physical function set'],
});

/** The kernel answers EINVAL to a token for any other device (drivers/vfio/pci/vfio_pci_core.c, vfio_pci_validate_vf_token). */
export const tokenNotWanted = (name: string): Remedy => ({
  code: 'CONFLICT',
  cause: `${name} takes no token: only a physical function on vfio-pci and its virtual functions have one`,
  fixes: ['remove vf-token='],
});

export const directRegion = (name: string): Remedy => ({
  code: 'RMRR',
  cause: `the firmware wants a fixed 1:1 mapping (RMRR) for ${name}, so the kernel does not let it be assigned`,
  fixes: ['disable the firmware feature that uses the device (e.g. RMRR for out-of-band management)'],
});

const MIB = 1024n * 1024n;

export const formatBytes = (bytes: bigint): string => (bytes % MIB === 0n ? `${bytes / MIB} MiB` : `${bytes} bytes`);
