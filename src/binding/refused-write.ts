import { getSystemErrorMap } from 'node:util';
import type { ProblemCode } from '../errors/codes.ts';
import { failure, type VmattachError } from '../errors/problem.ts';
import type { HostModel, PciDeviceFacts } from '../host/model.ts';
import { findDevice, isVfioDriver } from '../host/query.ts';
import type { SysfsWrite } from './binding-plan.ts';

interface Explanation {
  readonly code: ProblemCode;
  readonly cause: string;
  readonly fixes: readonly string[];
}

/** Intel's QAT, DSA and IAX accelerators that vfio-pci refuses for their errata (vfio_pci_dev_in_denylist, drivers/vfio/pci/vfio_pci.c). */
const DENYLIST: ReadonlySet<string> = new Set(
  ['0435', '0443', '37c8', '37c9', '19e2', '19e3', '0b25', '0cfe'].map((device) => `8086:${device}`),
);

const LOOK = 'dmesg | tail';

const denylisted = ({ vendor, device }: PciDeviceFacts): Explanation => ({
  code: 'NOT_BOUND',
  cause: `${vendor}:${device} is on the denylist of vfio-pci: a guest could use its errata against the host`,
  fixes: ['if you trust the guest: echo Y > /sys/module/vfio_pci/parameters/disable_denylist'],
});

const invalid = (device: PciDeviceFacts, driver: string): Explanation => {
  if (driver === 'vfio-pci' && DENYLIST.has(`${device.vendor}:${device.device}`)) return denylisted(device);
  return device.group === null
    ? {
        code: 'NO_IOMMU',
        cause: `${device.address} is in no IOMMU group`,
        fixes: ['enable the IOMMU in the firmware and the kernel'],
      }
    : { code: 'NOT_BOUND', cause: `${driver} rejects it: its IOMMU may not keep DMA coherent with the caches`, fixes: [LOOK] };
};

const busy = ({ enabledVfs = 0, group, address }: PciDeviceFacts): Explanation => ({
  code: 'BUSY',
  cause:
    enabledVfs > 0
      ? `${address} has ${enabledVfs} VFs enabled`
      : `group ${group} is owned by another user of vfio or by a host driver`,
  fixes: [LOOK],
});

/** Why a driver did not take a device, from the errno of its probe. */
const explainProbe = (errno: string, device: PciDeviceFacts, driver: string): Explanation => {
  switch (errno) {
    case 'EINVAL':
      return isVfioDriver(driver) ? invalid(device, driver) : { code: 'NOT_BOUND', cause: `${driver} rejects it`, fixes: [LOOK] };
    case 'EBUSY':
      return busy(device);
    case 'ENODEV':
      return { code: 'NOT_BOUND', cause: `${driver} is not a driver for ${device.vendor}:${device.device}`, fixes: [LOOK] };
    case 'ENOENT':
      return { code: 'NOT_BOUND', cause: `the driver ${driver} is not loaded`, fixes: [`modprobe ${driver}`] };
    default:
      return { code: 'NOT_BOUND', cause: `the probe of ${driver} failed`, fixes: [LOOK] };
  }
};

const READ_ONLY: Explanation = {
  code: 'PERMISSION',
  cause: 'sysfs is mounted read-only here, as in most containers',
  fixes: ['run it on the host itself'],
};

const NOT_ALLOWED: Explanation = { code: 'PERMISSION', cause: 'only root may change drivers', fixes: ['run it as root'] };

const explain = (errno: string, write: SysfsWrite, device: PciDeviceFacts | undefined): Explanation => {
  if (errno === 'EROFS') return READ_ONLY;
  if (errno === 'EACCES' || errno === 'EPERM') return NOT_ALLOWED;
  const isProbe = write.kind === 'probe' || write.kind === 'bind';
  if (isProbe && device !== undefined && write.expected) return explainProbe(errno, device, write.expected);
  return errno === 'ENOENT'
    ? { code: 'NO_SUCH_DEVICE', cause: `${write.path} is not there: the device went away`, fixes: ['vmattach devices --all'] }
    : { code: 'SYSTEM_CALL', cause: `the kernel refused '${write.value}'`, fixes: [LOOK] };
};

const textOf = (errno: number): string => {
  const text = getSystemErrorMap().get(errno)?.[1] ?? `error ${-errno}`;
  return text.charAt(0).toUpperCase() + text.slice(1);
};

const isSystemError = (error: unknown): error is NodeJS.ErrnoException & { code: string; errno: number } =>
  error instanceof Error && 'errno' in error && 'code' in error;

/** What a failed write of a plan means. An error that is not the system's is passed on. */
export const explainRefusal = (write: SysfsWrite, error: unknown, host: HostModel): VmattachError => {
  if (!isSystemError(error)) throw error;
  const { address, path, expected, kind } = write;
  const isProbe = (kind === 'probe' || kind === 'bind') && expected !== undefined && expected !== null;
  const { code, cause, fixes } = explain(error.code, write, findDevice(host, address));
  const what = isProbe ? `${expected} did not take the device` : `could not write '${path}'`;
  return failure(code, `${what}: ${textOf(error.errno)}`, { subject: address, location: address, cause, fixes }, { cause: error });
};
