import type { BackendName } from '../backends/address-space.ts';
import type { ProblemCode } from '../errors/codes.ts';
import { canOpen } from '../host/can-open.ts';
import type { KernelFacts, NodeFacts, PciDeviceFacts, ProcessFacts } from '../host/model.ts';
import { isKernelAtLeast } from '../host/kernel-release.ts';

/** Why something cannot work and what to do: the same whether it was foreseen by the plan or met while attaching. */
export interface Remedy {
  readonly code: ProblemCode;
  readonly cause: string;
  readonly fixes: readonly string[];
}

const SYSFS = '/sys/bus/pci/devices';

/** Paste-able: gives a device to vfio-pci by driver_override, which touches no other device of the same model. */
export const bindCommand = (address: string, driver: string | null): string => {
  const unbind = driver === null ? '' : ` && echo ${address} > ${SYSFS}/${address}/driver/unbind`;
  return `modprobe vfio-pci && echo vfio-pci > ${SYSFS}/${address}/driver_override${unbind} && echo ${address} > /sys/bus/pci/drivers_probe`;
};

const named = ({ address, name }: PciDeviceFacts): string => `${address}${name === undefined ? '' : ` (${name})`}`;

const driverOf = ({ driver }: PciDeviceFacts): string => (driver === null ? 'has no driver' : `is bound to ${driver}`);

export const notBound = (device: PciDeviceFacts): Remedy => ({
  code: 'NOT_BOUND',
  cause: `${named(device)} ${driverOf(device)}; VFIO offers only devices that are bound to vfio-pci or a variant of it`,
  fixes: [bindCommand(device.address, device.driver)],
});

export const notViable = (group: number, blockers: readonly PciDeviceFacts[]): Remedy => ({
  code: 'GROUP_NOT_VIABLE',
  cause: `group ${group} also holds ${blockers.map((device) => `${named(device)}, which ${driverOf(device)}`).join('; ')}: all devices of a group must leave their host drivers, because the IOMMU cannot tell them apart`,
  fixes: blockers.map(({ address, driver }) => bindCommand(address, driver)),
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

export const noSuchDevice = (name: string): Remedy => ({
  code: 'NO_SUCH_DEVICE',
  cause: `the host has no device ${name}`,
  fixes: ['lspci -D lists the PCI devices of this host'],
});

const KERNEL_WITH_IOMMUFD = [6, 2] as const;
const KERNEL_WITH_CDEV = [6, 6] as const;

export const noIommufd = ({ release }: KernelFacts): Remedy => {
  const recent = isKernelAtLeast(release, ...KERNEL_WITH_IOMMUFD);
  return {
    code: 'IOMMUFD_MISSING',
    cause: recent
      ? `kernel ${release} was built without CONFIG_IOMMUFD, or the module iommufd is not loaded`
      : `kernel ${release} has no iommufd; it came with Linux 6.2`,
    fixes: recent
      ? ['modprobe iommufd', 'use a kernel with CONFIG_IOMMUFD', 'attach through type1: leave iommufd= out']
      : ['use Linux 6.6 or later', 'attach through type1: leave iommufd= out'],
  };
};

export const noCdev = ({ release }: KernelFacts): Remedy => {
  const recent = isKernelAtLeast(release, ...KERNEL_WITH_CDEV);
  return {
    code: 'CDEV_MISSING',
    cause: recent
      ? `kernel ${release} makes no VFIO cdevs: it was built without CONFIG_VFIO_DEVICE_CDEV`
      : `kernel ${release} makes no VFIO cdevs; they came with Linux 6.6`,
    fixes: ['use a kernel with CONFIG_VFIO_DEVICE_CDEV', 'attach through type1: leave iommufd= out'],
  };
};

export const noType1 = (): Remedy => ({
  code: 'TYPE1_MISSING',
  cause: '/dev/vfio/vfio is missing: the module vfio is not loaded, or the kernel has no VFIO container',
  fixes: ['modprobe vfio-pci vfio_iommu_type1', 'attach through iommufd: -object iommufd,id=iommufd0 and iommufd=iommufd0'],
});

export const missingNode = (path: string): Remedy => ({
  code: 'CDEV_MISSING',
  cause: `the kernel has the device, but the node ${path} is not there`,
  fixes: ['give the node to this container or chroot', 'udevadm trigger -c add -s vfio-dev -s vfio'],
});

/** Undefined when the mode lets the process in. */
export const noPermission = (path: string, node: NodeFacts, process: ProcessFacts): Remedy | undefined => {
  const answer = canOpen(node, process);
  return answer.allowed
    ? undefined
    : {
        code: 'PERMISSION',
        cause: `${path}: ${answer.reason}`,
        fixes: [`chown ${process.uid} ${path}`, 'start as root'],
      };
};

export const deviceCgroup = (path: string): Remedy => ({
  code: 'PERMISSION',
  cause: `the mode of ${path} allows it, but open was refused: a device cgroup or a security module denies it`,
  fixes: ['allow the device in the container: --device or DeviceAllow=', 'dmesg | grep -i -e apparmor -e avc'],
});

export const busy = (path: string, holder: NodeFacts['heldBy']): Remedy => ({
  code: 'BUSY',
  cause:
    holder === undefined
      ? `${path} is in use by another process that could not be identified from here`
      : `${path} is held by process ${holder.pid} (${holder.command})`,
  fixes: holder === undefined ? [`fuser -v ${path}`] : [`stop process ${holder.pid}`],
});

const UNSAFE_PARAMETER: Readonly<Record<BackendName, string>> = {
  type1: '/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts',
  iommufd: '/sys/module/iommufd/parameters/allow_unsafe_interrupts',
  'iommufd-compat': '/sys/module/iommufd/parameters/allow_unsafe_interrupts',
};

export const msiNotIsolated = (backend: BackendName): Remedy => ({
  code: 'MSI_NOT_ISOLATED',
  cause: 'the IOMMU does not isolate interrupts: a guest could raise interrupts of the host, so the kernel refuses',
  fixes: ['enable interrupt remapping (x2APIC) in the firmware', `if you trust the guest: echo Y > ${UNSAFE_PARAMETER[backend]}`],
});

export const tokenRequired = (name: string): Remedy => ({
  code: 'VF_TOKEN_REQUIRED',
  cause: `${name} is a virtual function whose physical function is bound to vfio-pci; both must give the same token`,
  fixes: ['add vf-token=UUID with the token that the holder of the physical function set'],
});

export const directRegion = (name: string): Remedy => ({
  code: 'RMRR',
  cause: `the firmware wants a fixed 1:1 mapping (RMRR) for ${name}, so the kernel does not let it be assigned`,
  fixes: ['disable the firmware feature that uses the device (e.g. RMRR for out-of-band management)'],
});

const MIB = 1024n * 1024n;

export const formatBytes = (bytes: bigint): string => (bytes % MIB === 0n ? `${bytes / MIB} MiB` : `${bytes} bytes`);

export const memlockTooLow = (required: bigint, limit: bigint, accounting: string): Remedy => ({
  code: 'MEMLOCK_TOO_LOW',
  cause: `${formatBytes(required)} of guest RAM must be locked, the limit (RLIMIT_MEMLOCK, counted per ${accounting}) is ${formatBytes(limit)}`,
  fixes: [`ulimit -l ${(required + 1023n) / 1024n}`, `systemd: LimitMEMLOCK=${required}`, 'start with CAP_IPC_LOCK'],
});
