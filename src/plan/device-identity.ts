import { textValue, type DeviceSpec } from '../devices/device-spec.ts';
import { failure, withLocation } from '../errors/problem.ts';
import type { FdFacts } from '../host/model.ts';
import { numberedFd } from './numbered-fd.ts';

const PCI_DEVICES = '/sys/bus/pci/devices';
const MDEV_DEVICES = '/sys/bus/mdev/devices';

const PCI_ADDRESS = /^[0-9a-f]{4,}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Which host device a command line means. */
export interface DeviceIdentity {
  /** PCI address, mdev UUID, or the last part of the sysfs path: what QEMU calls the device in messages. */
  readonly name: string;
  readonly kind: 'pci' | 'mediated' | 'other';
  readonly sysfs: string;
  /** `sysfs` as it was typed, for messages. */
  readonly typed: string;
  readonly fd: number | undefined;
}

/** The inherited fd of a device. @throws FD_NOT_OPEN */
export const fdNumber = (spec: DeviceSpec): number | undefined => {
  const text = textValue(spec.values, 'fd');
  return text === undefined ? undefined : numberedFd(text);
};

const trimSlashes = (path: string): string => path.replace(/\/+$/, '');

const fromPath = (path: string, fd: number | undefined): DeviceIdentity => {
  const sysfs = trimSlashes(path);
  const name = sysfs.slice(sysfs.lastIndexOf('/') + 1);
  if (UUID.test(name)) {
    return { name, kind: 'mediated', sysfs, typed: path, fd };
  }
  return { name, kind: PCI_ADDRESS.test(name) ? 'pci' : 'other', sysfs, typed: path, fd };
};

const at = (sysfs: string, name: string, kind: DeviceIdentity['kind'], fd: number | undefined): DeviceIdentity => ({
  name,
  kind,
  sysfs,
  typed: sysfs,
  fd,
});

const fromName = (name: string, fd: number | undefined): DeviceIdentity =>
  UUID.test(name) ? at(`${MDEV_DEVICES}/${name}`, name, 'mediated', fd) : at(`${PCI_DEVICES}/${name}`, name, 'pci', fd);

/** What `host=` and `sysfsdev=` say; undefined when only an fd is given. @throws PROPERTY_MISSING, CONFLICT */
const namedDevice = (spec: DeviceSpec, fd: number | undefined): DeviceIdentity | undefined => {
  const host = textValue(spec.values, 'host');
  const sysfsdev = textValue(spec.values, 'sysfsdev');
  const byPath = sysfsdev === undefined ? undefined : fromPath(sysfsdev, fd);
  const byHost = host === undefined ? undefined : hostDevice(spec, host, fd);
  if (byHost !== undefined && byPath !== undefined && byHost.name !== byPath.name) {
    throw failure('CONFLICT', `host=${host} and sysfsdev=${sysfsdev} are different devices`, {
      cause: `${byHost.name} is not ${byPath.name}; QEMU would use sysfsdev and say nothing`,
      fixes: [`remove host=${host}`, `remove sysfsdev=${sysfsdev}`],
    });
  }
  return byPath ?? byHost;
};

const hostDevice = (spec: DeviceSpec, host: string, fd: number | undefined): DeviceIdentity =>
  spec.type.identity === 'pci' ? fromName(host, fd) : at(`/sys/bus/platform/devices/${host}`, host, 'other', fd);

const EXAMPLES = {
  pci: 'add host= with the address of the device, e.g. host=0000:01:00.0',
  sysfs: 'add sysfsdev= with its folder in sysfs, e.g. sysfsdev=/sys/bus/mdev/devices/UUID',
};

/** hw/vfio/pci.c says it, and of PCI devices only. */
const PCI_HINT = [
  'Use -device vfio-pci,host=DDDD:BB:DD.F or -device vfio-pci,fd=DEVICE_FD or -device vfio-pci,sysfsdev=PATH_TO_DEVICE',
];

const missing = ({ type }: DeviceSpec): never => {
  throw failure('PROPERTY_MISSING', 'No provided host device', {
    hint: type.identity === 'pci' ? PCI_HINT : undefined,
    cause: 'nothing says which device of the host is meant',
    fixes: [EXAMPLES[type.identity]],
  });
};

/** The sysfs paths that planning this device needs facts about, and its fd, which is identified before anything else is opened. */
export const wantedFacts = (spec: DeviceSpec): { readonly devices: readonly string[]; readonly fds: readonly number[] } =>
  withLocation(spec.location, () => {
    const fd = fdNumber(spec);
    const named = namedDevice(spec, fd);
    return { devices: named === undefined ? [] : [named.sysfs], fds: fd === undefined ? [] : [fd] };
  });

/**
 * Which host device is meant. `fd` wins where several are given, but they must agree; QEMU takes one and ignores the others.
 * @param facts what is behind the fd; already checked to be a VFIO cdev
 * @throws PROPERTY_MISSING, CONFLICT, FD_WRONG_DEVICE
 */
export const identifyDevice = (spec: DeviceSpec, facts: FdFacts | undefined): DeviceIdentity => {
  const fd = fdNumber(spec);
  const named = namedDevice(spec, fd);
  if (fd === undefined || facts === undefined) {
    return named ?? missing(spec);
  }
  if (facts.address === undefined) {
    return named ?? at('', `VFIO_FD${fd}`, 'other', fd);
  }
  if (named !== undefined && named.name !== facts.address) {
    throw failure('FD_WRONG_DEVICE', `fd=${fd} is device ${facts.address}, not ${named.name}`, {
      cause: `the file descriptor is the VFIO cdev of ${facts.address}; host= or sysfsdev= names ${named.name}`,
      fixes: [`give host=${facts.address} or leave it out`, `pass an fd of the cdev of ${named.name}`],
    });
  }
  return named ?? fromName(facts.address, fd);
};
