import type { HostModel } from '../../src/host/model.ts';
import { SERVER, withDevice, withGroup, withoutIsolation, allowUnsafeInterrupts, withReserved, WORKSTATION } from './hosts.ts';
import { exampleHost } from './planning.ts';

const UNPREPARED = exampleHost('unprepared');

/** Everything is bound, but the module iommufd is not loaded. */
const UNPREPARED_IOMMUFD: HostModel = {
  ...WORKSTATION,
  modules: { ...UNPREPARED.modules, vfio: {} },
  nodes: { ...WORKSTATION.nodes, '/dev/iommu': null },
};

export const TYPE1 = '-device vfio-pci,host=';
export const CDEV = '-device vfio-iommu-pci,host=';
export const compat = (address: string): string => `-object iommufd,id=c,compat=type1v2 -device vfio-pci,host=${address},iommufd=c`;

const node = (path: string, mode: string) => ({ [path]: { device: '1:1', mode, uid: 0, gid: 0 } });
export const withNode = (host: HostModel, path: string, mode: string): HostModel => ({
  ...host,
  nodes: { ...host.nodes, ...node(path, mode) },
});
export const withKernel = (host: HostModel, kernel: Partial<HostModel['kernel']>): HostModel => ({
  ...host,
  kernel: { ...host.kernel, ...kernel },
});
export const withoutNode = (host: HostModel, path: string): HostModel => ({ ...host, nodes: { ...host.nodes, [path]: null } });

const bind = (address: string): string => `vmattach bind ${address}`;

/** What stands against a launch: on which host, with which command line, and in which words it is said. */
export interface PlanProblemCase {
  readonly what: string;
  readonly host: HostModel;
  readonly line: string;
  readonly code: string;
  readonly message?: string;
  readonly cause: string | RegExp;
  readonly fix?: string;
  /** What is at fault; without it, the first device. */
  readonly subject?: string;
}

export const PLAN_PROBLEM_CASES: readonly PlanProblemCase[] = [
  {
    what: 'a device without IOMMU',
    host: exampleHost('no-iommu'),
    line: `${TYPE1}01:00.0`,
    code: 'NO_IOMMU',
    message: 'vfio 0000:01:00.0: no iommu_group found: No such file or directory',
    cause: /^0000:01:00\.0 is in no IOMMU group: /,
  },
  {
    what: 'a device that is not there',
    host: WORKSTATION,
    line: `${TYPE1}09:00.0`,
    code: 'NO_SUCH_DEVICE',
    message: 'vfio /sys/bus/pci/devices/0000:09:00.0: no such host device: No such file or directory',
    cause: 'the host has no device 0000:09:00.0',
  },
  {
    what: 'a device on a host driver, type1',
    host: UNPREPARED,
    line: `${TYPE1}06:00.0`,
    code: 'NOT_BOUND',
    message: "vfio 0000:06:00.0: Could not open '/dev/vfio/16': No such file or directory",
    cause: /^0000:06:00\.0 \(Intel I225-V ethernet controller\) is bound to igc; /,
    fix: bind('0000:06:00.0'),
  },
  {
    what: 'a device on a host driver, iommufd',
    host: WORKSTATION,
    line: `${CDEV}02:00.0`,
    code: 'NOT_BOUND',
    message:
      "vfio 0000:02:00.0: vfio /sys/bus/pci/devices/0000:02:00.0/vfio-dev: couldn't open directory /sys/bus/pci/devices/0000:02:00.0/vfio-dev: No such file or directory",
    cause: /is bound to nvme; /,
    fix: bind('0000:02:00.0'),
  },
  {
    what: 'a device on a host driver, compat',
    host: WORKSTATION,
    line: compat('02:00.0'),
    code: 'NOT_BOUND',
    message: "vfio 0000:02:00.0: Could not open '/dev/vfio/15': No such file or directory",
    cause: /is bound to nvme; /,
  },
  {
    what: 'a device without driver beside one that is bound',
    host: withDevice(WORKSTATION, '0000:01:00.1', { driver: null, cdev: null }),
    line: `${TYPE1}01:00.1`,
    code: 'NOT_BOUND',
    message: 'vfio 0000:01:00.1: error getting device from group 14: No such device',
    cause: /has no driver; /,
    fix: bind('0000:01:00.1'),
  },
  {
    what: 'a sibling on a host driver, type1',
    host: withDevice(WORKSTATION, '0000:01:00.1', { driver: 'snd_hda_intel', cdev: null }),
    line: `${TYPE1}01:00.0`,
    code: 'GROUP_NOT_VIABLE',
    message: 'vfio 0000:01:00.0: group 14 is not viable',
    cause: /^group 14 also holds 0000:01:00\.1 \(NVIDIA AD102 high definition audio\), which is bound to snd_hda_intel: /,
    fix: bind('0000:01:00.1'),
  },
  {
    what: 'a sibling on a host driver, iommufd',
    host: withDevice(WORKSTATION, '0000:01:00.1', { driver: 'snd_hda_intel', cdev: null }),
    line: `${CDEV}01:00.0`,
    code: 'GROUP_NOT_VIABLE',
    message: 'vfio 0000:01:00.0: error bind device to iommufd: Operation not permitted: group 14 is not viable',
    cause: /0000:01:00\.1 .* is bound to snd_hda_intel/,
    fix: bind('0000:01:00.1'),
  },
  {
    what: 'a kernel that was built without cdevs',
    host: { ...withDevice(WORKSTATION, '0000:06:00.0', { cdev: null }), kernel: { ...WORKSTATION.kernel, vfioCdev: false } },
    line: `${CDEV}06:00.0`,
    code: 'CDEV_MISSING',
    message:
      "vfio 0000:06:00.0: vfio /sys/bus/pci/devices/0000:06:00.0/vfio-dev: couldn't open directory /sys/bus/pci/devices/0000:06:00.0/vfio-dev: No such file or directory",
    cause: 'kernel 6.17.8-200.fc42.x86_64 makes no VFIO cdevs: it was built without CONFIG_VFIO_DEVICE_CDEV',
    subject: '/dev/vfio/devices',
  },
  {
    what: 'a kernel from before cdevs',
    host: withKernel(withDevice(WORKSTATION, '0000:06:00.0', { cdev: null }), { release: '6.5.0', vfioCdev: false }),
    line: `${CDEV}06:00.0`,
    code: 'KERNEL_TOO_OLD',
    cause: 'kernel 6.5.0 makes no VFIO cdevs; they came with Linux 6.6',
    subject: '/dev/vfio/devices',
  },
  {
    what: 'a cdev node that is not there',
    host: withoutNode(WORKSTATION, '/dev/vfio/devices/vfio2'),
    line: `${CDEV}06:00.0`,
    code: 'CDEV_MISSING',
    message: 'vfio 0000:06:00.0: vfio /sys/bus/pci/devices/0000:06:00.0/vfio-dev: Failed to open /dev/vfio/devices/vfio2',
    cause: 'the kernel has the device, but the node /dev/vfio/devices/vfio2 is not there',
    subject: '/dev/vfio/devices/vfio2',
  },
  {
    what: 'a kernel from before iommufd',
    host: withKernel(withoutNode(WORKSTATION, '/dev/iommu'), { release: '6.1.0', iommufd: false }),
    line: `${CDEV}06:00.0`,
    code: 'KERNEL_TOO_OLD',
    message: "vfio 0000:06:00.0: Could not open '/dev/iommu': No such file or directory",
    cause: 'kernel 6.1.0 has no iommufd, which came with Linux 6.2, and the cdevs for it with 6.6',
    subject: '/dev/iommu',
  },
  {
    what: 'an iommufd module that is not loaded, compat',
    host: UNPREPARED_IOMMUFD,
    line: compat('06:00.0'),
    code: 'IOMMUFD_MISSING',
    message: "vfio 0000:06:00.0: Could not open '/dev/iommu': No such file or directory",
    cause: 'kernel 6.17.8-200.fc42.x86_64 has iommufd, but the module iommufd is not loaded',
    fix: 'modprobe iommufd',
    subject: '/dev/iommu',
  },
  {
    what: 'no container',
    host: withoutNode(WORKSTATION, '/dev/vfio/vfio'),
    line: `${TYPE1}06:00.0`,
    code: 'TYPE1_MISSING',
    message:
      "vfio 0000:06:00.0: failed to setup container for group 16: Could not open '/dev/vfio/vfio': No such file or directory",
    cause: '/dev/vfio/vfio is missing: the module vfio is not loaded, or the kernel has no VFIO container',
    subject: '/dev/vfio/vfio',
  },
  {
    what: 'a group node of somebody else',
    host: withNode(WORKSTATION, '/dev/vfio/16', '0600'),
    line: `${TYPE1}06:00.0`,
    code: 'PERMISSION',
    message: "vfio 0000:06:00.0: Could not open '/dev/vfio/16': Permission denied",
    cause: '/dev/vfio/16: mode 0600, owner 0:0; this process is uid 1000 with groups 1000, 27',
    fix: 'chown 1000 /dev/vfio/16',
    subject: '/dev/vfio/16',
  },
  {
    what: 'a cdev node of somebody else',
    host: withNode(WORKSTATION, '/dev/vfio/devices/vfio2', '0600'),
    line: `${CDEV}06:00.0`,
    code: 'PERMISSION',
    message: 'vfio 0000:06:00.0: vfio /sys/bus/pci/devices/0000:06:00.0/vfio-dev: Failed to open /dev/vfio/devices/vfio2',
    cause: /^\/dev\/vfio\/devices\/vfio2: mode 0600, owner 0:0; /,
    subject: '/dev/vfio/devices/vfio2',
  },
  {
    what: 'an iommufd node that may only be read',
    host: withNode(WORKSTATION, '/dev/iommu', '0644'),
    line: `${CDEV}06:00.0`,
    code: 'PERMISSION',
    message: "vfio 0000:06:00.0: Could not open '/dev/iommu': Permission denied",
    cause: /^\/dev\/iommu: mode 0644, owner 0:0; /,
    subject: '/dev/iommu',
  },
  {
    what: 'interrupts that are not isolated, type1',
    host: withoutIsolation(WORKSTATION),
    line: `${TYPE1}06:00.0`,
    code: 'MSI_NOT_ISOLATED',
    message: 'vfio 0000:06:00.0: Operation not permitted: interrupts of group 16 are not isolated',
    cause: /does not isolate interrupts/,
    fix: 'if you trust the guest: echo Y > /sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts',
  },
  {
    what: 'interrupts that are not isolated, iommufd',
    host: allowUnsafeInterrupts(withoutIsolation(WORKSTATION), 'vfio_iommu_type1'),
    line: `${CDEV}06:00.0`,
    code: 'MSI_NOT_ISOLATED',
    message: 'vfio 0000:06:00.0: Operation not permitted: interrupts of group 16 are not isolated',
    cause: /does not isolate interrupts/,
    fix: 'if you trust the guest: echo Y > /sys/module/iommufd/parameters/allow_unsafe_interrupts',
  },
  {
    what: 'interrupts that are not isolated, and a module that does not say what it allows',
    host: { ...withoutIsolation(WORKSTATION), modules: {} },
    line: `${TYPE1}06:00.0`,
    code: 'MSI_NOT_ISOLATED',
    cause: /does not isolate interrupts/,
  },
  {
    what: 'a firmware mapping',
    host: withReserved(WORKSTATION, 16, { start: '0xff000000', end: '0xff00ffff', type: 'direct' }),
    line: `${TYPE1}06:00.0`,
    code: 'RMRR',
    message: 'vfio 0000:06:00.0: group 16 has a firmware mapping that must stay',
    cause: /\(RMRR\) for 0000:06:00\.0/,
  },
  {
    what: 'a VF whose PF is on vfio-pci',
    host: withDevice(SERVER, '0000:41:00.0', { driver: 'vfio-pci', cdev: { name: 'vfio99', device: '509:99' } }),
    line: `${TYPE1}41:02.0`,
    code: 'VF_TOKEN_REQUIRED',
    message: 'vfio 0000:41:02.0: VF token required to access device',
    cause: /^0000:41:02\.0 is a virtual function whose physical function is bound to vfio-pci; /,
  },
  {
    what: 'RAM over a reserved range of the group',
    host: withReserved(WORKSTATION, 16, { start: '0x1000000', end: '0x1ffffff', type: 'reserved' }),
    line: `${TYPE1}06:00.0`,
    code: 'IOVA_RESERVED',
    message:
      'vfio 0000:06:00.0: memory listener initialization failed: Region pc.ram: guest RAM does not fit the usable IOVA ranges',
    cause: 'guest RAM at 0x0-0x7ffffff lies over the reserved range 0x1000000-0x1ffffff (reserved) of group 16',
  },
  {
    what: 'RAM that starts at the last address of a reserved range',
    host: withReserved(WORKSTATION, 16, { start: '0xfff00000', end: '0x100000000', type: 'reserved' }),
    line: `-m 4G ${TYPE1}06:00.0`,
    code: 'IOVA_RESERVED',
    cause: /^guest RAM at 0x100000000-0x17fffffff lies over the reserved range 0xfff00000-0x100000000 /,
  },
  {
    what: 'RAM that ends at the first address of a reserved range',
    host: withReserved(WORKSTATION, 16, { start: '0x7ffffff', end: '0x8ffffff', type: 'reserved' }),
    line: `${TYPE1}06:00.0`,
    code: 'IOVA_RESERVED',
    cause: /^guest RAM at 0x0-0x7ffffff lies over the reserved range 0x7ffffff-0x8ffffff /,
  },
  {
    what: 'high RAM over the range that AMD IOMMUs reserve',
    host: SERVER,
    line: `-m 1011G ${CDEV}41:02.0`,
    code: 'IOVA_RESERVED',
    message:
      'vfio 0000:41:02.0: memory listener initialization failed: Region pc.ram: guest RAM does not fit the usable IOVA ranges',
    cause: 'guest RAM at 0x100000000-0xfd3fffffff lies over the reserved range 0xfd00000000-0xffffffffff (reserved) of group 100',
  },
  {
    what: 'RAM past the end of what the IOMMU translates',
    host: withGroup(WORKSTATION, 16, { iommu: 'dmar0' }),
    line: `-m 600G ${TYPE1}06:00.0`,
    code: 'IOVA_RESERVED',
    message:
      'vfio 0000:06:00.0: memory listener initialization failed: Region pc.ram: guest RAM does not fit the usable IOVA ranges',
    cause: 'guest RAM at 0x100000000-0x967fffffff lies past the last IOVA 0x7fffffffff of group 16',
  },
  {
    what: 'a limit of locked memory below RAM',
    host: { ...WORKSTATION, process: UNPREPARED.process },
    line: `-m 1G ${TYPE1}06:00.0`,
    code: 'MEMLOCK_TOO_LOW',
    message: 'vfio 0000:06:00.0: memory listener initialization failed: Region pc.ram: Cannot allocate memory',
    cause: '1024 MiB of guest RAM must be locked, the limit (RLIMIT_MEMLOCK, counted per process) is 8 MiB',
    fix: 'as root, in the shell that starts vmattach: ulimit -l 1048576',
    subject: 'RLIMIT_MEMLOCK',
  },
  {
    what: 'one device twice, by host= and by sysfsdev=',
    host: WORKSTATION,
    line: `${TYPE1}06:00.0,id=a -device vfio-pci,sysfsdev=/sys/devices/pci0000:00/0000:00:1c.0/0000:06:00.0/`,
    code: 'DUPLICATE_DEVICE',
    message: 'vfio 0000:06:00.0: device is already attached',
    cause: '/machine/peripheral/a is the same host device 0000:06:00.0: -device vfio-pci,host=06:00.0,id=a',
  },
  {
    what: 'one group in two address spaces',
    host: WORKSTATION,
    line: `-object iommufd,id=i ${TYPE1}01:00.0 -device vfio-pci,host=01:00.1,iommufd=i`,
    code: 'GROUP_SPLIT',
    message: 'vfio 0000:01:00.1: group 14 used in multiple address spaces',
    cause:
      "0000:01:00.0 of the same group is in container0 (it links to no iommufd object and the default backend is type1), 0000:01:00.1 in ioas(i) (it links to the iommufd object 'i')",
    subject: '/machine/peripheral-anon/device[1]',
  },
  {
    what: 'names of different devices',
    host: WORKSTATION,
    line: `${TYPE1}01:00.0,sysfsdev=/sys/bus/pci/devices/0000:06:00.0`,
    code: 'CONFLICT',
    message: 'host=0000:01:00.0 and sysfsdev=/sys/bus/pci/devices/0000:06:00.0 are different devices',
    cause: /^0000:01:00\.0 is not 0000:06:00\.0; /,
  },
  {
    what: 'no name of a device',
    host: WORKSTATION,
    line: '-device vfio-pci',
    code: 'PROPERTY_MISSING',
    message: 'No provided host device',
    cause: /./,
  },
  {
    what: 'a platform device that is not there',
    host: WORKSTATION,
    line: '-device vfio-platform,host=fff00000.mmc',
    code: 'NO_SUCH_DEVICE',
    message: 'vfio /sys/bus/platform/devices/fff00000.mmc: no such host device: No such file or directory',
    cause: /^the host has no device fff00000\.mmc$/,
    fix: 'ls /sys/bus/platform/devices',
  },
];
