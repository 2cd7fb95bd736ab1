import type { HostModel, NodeHolder } from '../../src/host/model.ts';
import type { DefaultBackend } from '../../src/plan/select-backend.ts';
import { SERVER, withDevice, withFds, withGroup, withMediatedDevice, withMemlock, withoutIsolation, WORKSTATION } from './hosts.ts';
import { MDEV_UUID } from './hosts.ts';
import { CDEV, compat, TYPE1, withKernel, withNode, withoutNode, type PlanProblemCase } from './plan-problem-cases.ts';
import { exampleHost } from './planning.ts';

export interface HostProblemCase extends PlanProblemCase {
  readonly enabled?: readonly ('type1' | 'iommufd' | 'iommufd-compat')[];
  readonly byDefault?: DefaultBackend;
}

const TOKEN = '5b4c0b5a-6ef9-4b6c-a5b0-1b3e3c6d7f10';
const STOCK = exampleHost('stock-debian');
const PF_BOUND = withDevice(SERVER, '0000:41:00.0', { driver: 'vfio-pci', cdev: { name: 'vfio99', device: '509:99' } });
const QEMU: NodeHolder = { pid: 4242, command: 'qemu-system-x86' };

const node = (changes: object) => ({ device: '511:2', mode: '0666', uid: 0, gid: 0, ...changes });
const withNodes = (host: HostModel, nodes: Readonly<Record<string, object>>): HostModel => ({
  ...host,
  nodes: { ...host.nodes, ...Object.fromEntries(Object.entries(nodes).map(([path, changes]) => [path, node(changes)])) },
});

const FD_CASES: readonly HostProblemCase[] = [
  {
    what: 'a passed fd that is closed',
    host: { ...WORKSTATION, fds: { '250': { kind: 'closed' } } },
    line: '-device vfio-iommu-pci,fd=250',
    code: 'FD_NOT_OPEN',
    message: 'fd 250 is not open',
    cause: /passed no file descriptor 250$/,
    subject: 'fd 250',
  },
  {
    what: 'a passed fd of another kind',
    host: withFds(WORKSTATION, { 21: { kind: 'memfd' } }),
    line: '-device vfio-iommu-pci,fd=1',
    code: 'FD_WRONG_KIND',
    message: 'fd 1 is standard output',
    cause: /standard streams$/,
    subject: 'fd 1',
  },
  {
    what: 'a passed fd of another device',
    host: withFds(WORKSTATION, { 21: { kind: 'vfio-cdev', address: '0000:06:00.0' } }),
    line: `${CDEV}0000:01:00.0,fd=21`,
    code: 'FD_WRONG_DEVICE',
    message: 'fd=21 is device 0000:06:00.0, not 0000:01:00.0',
    cause: /names 0000:01:00\.0$/,
  },
  {
    what: 'one device by address and by fd',
    host: withFds(WORKSTATION, { 21: { kind: 'vfio-cdev', address: '0000:06:00.0' } }),
    line: `${CDEV}06:00.0 -device vfio-iommu-pci,fd=21`,
    code: 'DUPLICATE_DEVICE',
    message: 'vfio 0000:06:00.0: device is already attached',
    cause: /^\/machine\/peripheral-anon\/device\[0\] is the same host device 0000:06:00\.0/,
    subject: '/machine/peripheral-anon/device[1]',
  },
  {
    what: 'one mediated device by two paths',
    host: withMediatedDevice(WORKSTATION),
    line: `-device vfio-pci,sysfsdev=/sys/bus/mdev/devices/${MDEV_UUID} -device vfio-pci,sysfsdev=/sys/devices/pci0000:00/0000:00:02.0/${MDEV_UUID}`,
    code: 'DUPLICATE_DEVICE',
    cause: /is the same host device a297db4a-/,
    subject: '/machine/peripheral-anon/device[1]',
  },
];

const NODE_CASES: readonly HostProblemCase[] = [
  {
    what: 'a group node that a process holds',
    host: withNodes(WORKSTATION, { '/dev/vfio/16': { heldBy: QEMU } }),
    line: `${TYPE1}06:00.0`,
    code: 'BUSY',
    message: "vfio 0000:06:00.0: Could not open '/dev/vfio/16': Device or resource busy",
    cause: '/dev/vfio/16 is held by process 4242 (qemu-system-x86)',
    subject: '/dev/vfio/16',
  },
  {
    what: 'a group node that a process holds, for a cdev',
    host: withNodes(WORKSTATION, { '/dev/vfio/16': { heldBy: QEMU } }),
    line: `${CDEV}06:00.0`,
    code: 'BUSY',
    message: 'vfio 0000:06:00.0: error bind device to iommufd: Device or resource busy',
    cause: '/dev/vfio/16 is held by process 4242 (qemu-system-x86)',
    subject: '/dev/vfio/16',
  },
  {
    what: 'a cdev that a process has bound',
    host: withNodes(WORKSTATION, { '/dev/vfio/devices/vfio2': { heldBy: { ...QEMU, hasIommufd: true } } }),
    line: `${CDEV}06:00.0`,
    code: 'BUSY',
    message: 'vfio 0000:06:00.0: error bind device to iommufd: Invalid argument',
    cause: '/dev/vfio/devices/vfio2 is held by process 4242 (qemu-system-x86)',
    subject: '/dev/vfio/devices/vfio2',
  },
  {
    what: 'the cdev of a sibling that a process has bound, type1',
    host: withNodes(WORKSTATION, { '/dev/vfio/devices/vfio1': { heldBy: QEMU } }),
    line: `${TYPE1}01:00.0`,
    code: 'BUSY',
    message: "vfio 0000:01:00.0: Could not open '/dev/vfio/14': Device or resource busy",
    cause: '/dev/vfio/devices/vfio1 is held by process 4242 (qemu-system-x86)',
    subject: '/dev/vfio/devices/vfio1',
  },
  {
    what: 'a node that the device cgroup denies, although its mode allows it',
    host: withNodes(WORKSTATION, { '/dev/iommu': { deniedByCgroup: true } }),
    line: `${CDEV}06:00.0`,
    code: 'PERMISSION',
    message: "vfio 0000:06:00.0: Could not open '/dev/iommu': Operation not permitted",
    cause: 'the device cgroup of this process does not allow /dev/iommu, whatever its mode says',
    fix: 'in a container: pass it with --device /dev/iommu; for a systemd unit: DeviceAllow=/dev/iommu rw',
    subject: '/dev/iommu',
  },
  {
    what: 'a node that mode and cgroup deny: the mode is met first',
    host: withNodes(WORKSTATION, { '/dev/iommu': { mode: '0600', deniedByCgroup: true } }),
    line: `${CDEV}06:00.0`,
    code: 'PERMISSION',
    message: "vfio 0000:06:00.0: Could not open '/dev/iommu': Permission denied",
    cause: /^\/dev\/iommu: mode 0600, owner 0:0; this process is uid 1000 with groups 1000, 27$/,
    subject: '/dev/iommu',
  },
];

const IOMMUFD_HINT = 'attach through type1: leave iommufd= out';

const KERNEL_CASES: readonly HostProblemCase[] = [
  {
    what: 'a stock Debian kernel',
    host: STOCK,
    line: `${CDEV}01:00.0`,
    code: 'IOMMUFD_MISSING',
    message:
      "vfio 0000:01:00.0: vfio /sys/bus/pci/devices/0000:01:00.0/vfio-dev: couldn't open directory /sys/bus/pci/devices/0000:01:00.0/vfio-dev: No such file or directory",
    cause: 'kernel 6.12.95+deb13-amd64 was built without iommufd (CONFIG_IOMMUFD); stock Debian kernels come without it',
    fix: IOMMUFD_HINT,
    subject: '/dev/iommu',
  },
  {
    what: 'a kernel of which nobody knows whether it has iommufd',
    host: withKernel(withoutNode(WORKSTATION, '/dev/iommu'), { iommufd: 'unknown', release: '6.8.0-31-generic' }),
    line: `${CDEV}06:00.0`,
    code: 'IOMMUFD_MISSING',
    cause: 'kernel 6.8.0-31-generic was built without CONFIG_IOMMUFD, or the module iommufd is not loaded',
    fix: 'modprobe iommufd',
    subject: '/dev/iommu',
  },
  {
    what: 'a module that is loaded and a node that is not there',
    host: withoutNode(WORKSTATION, '/dev/iommu'),
    line: `${CDEV}06:00.0`,
    code: 'IOMMUFD_MISSING',
    message: "vfio 0000:06:00.0: Could not open '/dev/iommu': No such file or directory",
    cause: 'kernel 6.17.8-200.fc42.x86_64 has iommufd, but the node /dev/iommu is not there',
    fix: 'in a container: pass it with --device /dev/iommu',
    subject: '/dev/iommu',
  },
  {
    what: 'a container without a driver behind it',
    host: withKernel(withNode(WORKSTATION, '/dev/vfio/vfio', '0666'), { container: 'none' }),
    line: `${TYPE1}06:00.0`,
    code: 'TYPE1_MISSING',
    message: 'vfio 0000:06:00.0: failed to setup container for group 16: No available IOMMU models',
    cause: /but no type1 driver behind it/,
    fix: 'modprobe vfio_iommu_type1',
    subject: '/dev/vfio/vfio',
  },
  {
    what: 'type1 calls that iommufd serves: its parameter counts',
    host: withKernel(withoutIsolation(WORKSTATION), { container: 'iommufd' }),
    line: `${TYPE1}06:00.0`,
    code: 'MSI_NOT_ISOLATED',
    cause: /does not isolate interrupts/,
    fix: 'if you trust the guest: echo Y > /sys/module/iommufd/parameters/allow_unsafe_interrupts',
  },
  {
    what: 'a device that VFIO runs without IOMMU',
    host: withGroup(WORKSTATION, 16, { noIommu: true, iommu: 'unknown' }),
    line: `${TYPE1}06:00.0`,
    code: 'NO_IOMMU',
    message: "vfio 0000:06:00.0: Could not open '/dev/vfio/16': No such file or directory",
    cause: /enable_unsafe_noiommu_mode and translates nothing, .* takes CAP_SYS_RAWIO$/,
  },
  {
    what: 'a token for a cdev on a kernel that cannot take it',
    host: withKernel(PF_BOUND, { release: '6.18.3' }),
    line: `${CDEV}41:02.0,vf-token=${TOKEN}`,
    code: 'KERNEL_TOO_OLD',
    cause: 'kernel 6.18.3 cannot take a VF token when a cdev is bound; it works from Linux 6.19 on',
    fix: 'leave iommufd= out: through type1 the token works',
  },
  {
    what: 'a token for a VF whose PF is on its own driver',
    host: SERVER,
    line: `${TYPE1}41:02.0,vf-token=${TOKEN}`,
    code: 'CONFLICT',
    message: 'vfio 0000:41:02.0: VF token given for a device that takes none',
    cause: /^0000:41:02\.0 takes no token: /,
    fix: 'remove vf-token=',
  },
  {
    what: 'a token for a device without SR-IOV, compat',
    host: WORKSTATION,
    line: `${compat('06:00.0')},vf-token=${TOKEN}`,
    code: 'CONFLICT',
    cause: /^0000:06:00\.0 takes no token: /,
  },
  {
    what: 'a backend that is not enabled',
    host: WORKSTATION,
    line: `${TYPE1}06:00.0`,
    enabled: ['iommufd'],
    code: 'BACKEND_DISABLED',
    message: 'backend type1 is not enabled',
    cause: /--enable-backends allows iommufd$/,
    fix: '--enable-backends iommufd,type1',
  },
  {
    what: 'a limit that the process may raise by itself',
    host: withMemlock(WORKSTATION, 8_388_608n),
    line: `-m 1G ${TYPE1}06:00.0`,
    code: 'MEMLOCK_TOO_LOW',
    cause: /^1024 MiB of guest RAM must be locked, .* counted per process\) is 8 MiB$/,
    fix: 'ulimit -l 1048576',
    subject: 'RLIMIT_MEMLOCK',
  },
];

export const HOST_PROBLEM_CASES: readonly HostProblemCase[] = [...FD_CASES, ...NODE_CASES, ...KERNEL_CASES];
