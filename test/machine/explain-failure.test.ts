import { describe, expect, test } from 'vitest';
import { VmattachError, type Problem } from '../../src/errors/problem.ts';
import type { HostModel } from '../../src/host/model.ts';
import { createSimulatedKernel, type SimulatedKernel } from '../../src/kernel/simulated/simulated-kernel.ts';
import { BareMachine } from '../../src/machine/bare-machine.ts';
import {
  SERVER,
  withDevice,
  withFds,
  withMemlock,
  withoutIsolation,
  withRelease,
  withReserved,
  WORKSTATION,
} from '../plan/hosts.ts';
import { failingKernel } from './failing-kernel.ts';
import { planOf } from '../plan/planning.ts';
import { leftBehind } from './attaching.ts';

const TYPE1 = '-device vfio-pci,host=06:00.0';
const CDEV = '-device vfio-iommu-pci,host=06:00.0';
const COMPAT = '-object iommufd,id=c,compat=type1v2 -device vfio-pci,host=06:00.0,iommufd=c';
const TOKEN = '5b4c0b5a-6ef9-4b6c-a5b0-1b3e3c6d7f10';

const node = (mode: string, heldBy?: { readonly pid: number; readonly command: string }) => ({
  device: '1:1',
  mode,
  uid: heldBy === undefined ? 0 : 1000,
  gid: 0,
  ...(heldBy === undefined ? {} : { heldBy }),
});

const withNodes = (host: HostModel, nodes: NonNullable<HostModel['nodes']>): HostModel => ({
  ...host,
  nodes: { ...host.nodes, ...nodes },
});

/** Planned on one host; when it is attached the host is another, which is also what is read again to explain. */
interface Case {
  readonly what: string;
  readonly line: string;
  readonly planned?: HostModel;
  readonly met: HostModel;
  readonly before?: (kernel: SimulatedKernel) => unknown;
  readonly code: string;
  readonly message: string;
  readonly cause: RegExp;
}

const NVIABLE = withDevice(WORKSTATION, '0000:01:00.1', { driver: 'snd_hda_intel', cdev: null });
const QEMU = { pid: 4242, command: 'qemu-system-x86' };
const PF_BOUND = withDevice(SERVER, '0000:41:00.0', { driver: 'vfio-pci', cdev: { name: 'vfio99', device: '509:99' } });

const CASES: readonly Case[] = [
  {
    what: 'a group node that has gone',
    line: TYPE1,
    met: withNodes(WORKSTATION, { '/dev/vfio/16': null }),
    code: 'CDEV_MISSING',
    message: "vfio 0000:06:00.0: Could not open '/dev/vfio/16': No such file or directory",
    cause: /the node \/dev\/vfio\/16 is not there$/,
  },
  {
    what: 'a device that was given back to its driver',
    line: TYPE1,
    met: withNodes(withDevice(WORKSTATION, '0000:06:00.0', { driver: 'igc', cdev: null }), { '/dev/vfio/16': null }),
    code: 'NOT_BOUND',
    message: "vfio 0000:06:00.0: Could not open '/dev/vfio/16': No such file or directory",
    cause: /^0000:06:00\.0 \(Intel I225-V ethernet controller\) is bound to igc; /,
  },
  {
    what: 'a group that another process holds and nobody could see it',
    line: TYPE1,
    met: WORKSTATION,
    before: (kernel) => kernel.openElsewhere('/dev/vfio/16'),
    code: 'BUSY',
    message: "vfio 0000:06:00.0: Could not open '/dev/vfio/16': Device or resource busy",
    cause: /^\/dev\/vfio\/16 is in use by another process/,
  },
  {
    what: 'a group that a process holds',
    line: TYPE1,
    met: withNodes(WORKSTATION, { '/dev/vfio/16': node('0600', QEMU) }),
    code: 'BUSY',
    message: "vfio 0000:06:00.0: Could not open '/dev/vfio/16': Device or resource busy",
    cause: /^\/dev\/vfio\/16 is held by process 4242 \(qemu-system-x86\)$/,
  },
  {
    what: 'a node that was closed to us',
    line: CDEV,
    met: withNodes(WORKSTATION, { '/dev/iommu': node('0600') }),
    code: 'PERMISSION',
    message: "vfio 0000:06:00.0: Could not open '/dev/iommu': Permission denied",
    cause: /^\/dev\/iommu: mode 0600, owner 0:0; /,
  },
  {
    what: 'iommufd that was unloaded',
    line: CDEV,
    met: withNodes(WORKSTATION, { '/dev/iommu': null }),
    code: 'IOMMUFD_MISSING',
    message: "vfio 0000:06:00.0: Could not open '/dev/iommu': No such file or directory",
    cause: /the node \/dev\/iommu is not there$/,
  },
  {
    what: 'a container that was unloaded',
    line: TYPE1,
    met: withNodes(WORKSTATION, { '/dev/vfio/vfio': null }),
    code: 'TYPE1_MISSING',
    message:
      "vfio 0000:06:00.0: failed to setup container for group 16: Could not open '/dev/vfio/vfio': No such file or directory",
    cause: /^\/dev\/vfio\/vfio is missing/,
  },
  {
    what: 'a sibling that got a host driver, type1',
    line: '-device vfio-pci,host=01:00.0',
    met: NVIABLE,
    code: 'GROUP_NOT_VIABLE',
    message: 'vfio 0000:01:00.0: group 14 is not viable',
    cause: /0000:01:00\.1 .* is bound to snd_hda_intel/,
  },
  {
    what: 'a sibling that got a host driver, iommufd: the message has the fds although they are closed by now',
    line: '-device vfio-iommu-pci,host=01:00.0',
    met: NVIABLE,
    code: 'GROUP_NOT_VIABLE',
    message: 'vfio 0000:01:00.0: error bind device fd=4 to iommufd=3: Operation not permitted',
    cause: /0000:01:00\.1 .* is bound to snd_hda_intel/,
  },
  {
    what: 'a cdev that a process has bound',
    line: CDEV,
    met: withNodes(WORKSTATION, { '/dev/vfio/devices/vfio2': { ...node('0600', QEMU), device: '511:2' } }),
    code: 'BUSY',
    message: 'vfio 0000:06:00.0: error bind device fd=4 to iommufd=3: Invalid argument',
    cause: /^\/dev\/vfio\/devices\/vfio2 is held by process 4242/,
  },
  {
    what: 'a cdev node that is another device',
    line: CDEV,
    met: withNodes(WORKSTATION, { '/dev/vfio/devices/vfio2': { ...node('0600'), uid: 1000, device: '511:77' } }),
    code: 'CDEV_MISSING',
    message: 'vfio 0000:06:00.0: vfio /sys/bus/pci/devices/0000:06:00.0/vfio-dev: Failed to open /dev/vfio/devices/vfio2',
    cause: /^the node is device 511:77; sysfs says 511:2$/,
  },
  {
    what: 'interrupts that are not isolated, type1',
    line: TYPE1,
    met: withoutIsolation(WORKSTATION),
    code: 'MSI_NOT_ISOLATED',
    message:
      'vfio 0000:06:00.0: failed to setup container for group 16: Failed to set iommu for container: Operation not permitted',
    cause: /does not isolate interrupts/,
  },
  {
    what: 'less memory than was allowed, type1',
    line: `-m 1G ${TYPE1}`,
    planned: withMemlock(WORKSTATION, 2n ** 30n),
    met: withMemlock(WORKSTATION, 2n ** 29n),
    code: 'MEMLOCK_TOO_LOW',
    message:
      'vfio 0000:06:00.0: failed to setup container for group 16: memory listener initialization failed: Region pc.ram: vfio_container_dma_map(0x0, 0x40000000): Cannot allocate memory',
    cause: /^1024 MiB of guest RAM must be locked/,
  },
  {
    what: 'less memory than was allowed, iommufd',
    line: `-m 1G ${CDEV}`,
    planned: withMemlock(WORKSTATION, 2n ** 30n),
    met: withMemlock(WORKSTATION, 2n ** 27n),
    code: 'MEMLOCK_TOO_LOW',
    message:
      'vfio 0000:06:00.0: memory listener initialization failed: Region pc.ram: vfio_container_dma_map(0x0, 0x10000000): Cannot allocate memory',
    cause: /counted per user/,
  },
  ...[TYPE1, CDEV, COMPAT].map((line): Case => ({
    what: `a reserved range that nobody knew of: ${line}`,
    line,
    met: withReserved(WORKSTATION, 16, { start: '0x1000000', end: '0x1ffffff', type: 'reserved' }),
    code: 'IOVA_RESERVED',
    message:
      'vfio 0000:06:00.0: memory listener initialization failed: Region pc.ram: guest RAM does not fit the usable IOVA ranges',
    cause: /^guest RAM at 0x0-0x7ffffff is not inside one of 0x0-0xffffff, 0x2000000-/,
  })),
  {
    what: 'a VF token that is missing',
    line: '-device vfio-pci,host=41:02.0',
    planned: SERVER,
    met: PF_BOUND,
    code: 'VF_TOKEN_REQUIRED',
    message: 'vfio 0000:41:02.0: error getting device from group 100: Permission denied',
    cause: /physical function is bound to vfio-pci/,
  },
  {
    what: 'a VF token that the kernel cannot take with a cdev',
    line: `-device vfio-iommu-pci,host=41:02.0,vf-token=${TOKEN}`,
    planned: withRelease(PF_BOUND, '6.19.0'),
    met: withRelease(PF_BOUND, '6.18.0'),
    code: 'KERNEL_TOO_OLD',
    message: 'vfio 0000:41:02.0: error bind device fd=4 to iommufd=3: Argument list too long',
    cause: /^kernel 6\.18\.0 cannot take a VF token/,
  },
];

const failedAttach = async ({ line, planned = WORKSTATION, met, before }: Case): Promise<Problem> => {
  const kernel = createSimulatedKernel(met);
  before?.(kernel);
  const plan = planOf(line, planned);
  expect(plan.problems).toEqual([]);
  const outcome: unknown = await BareMachine.attach(plan, kernel, () => met).catch((error: unknown) => error);
  if (!(outcome instanceof VmattachError)) throw new Error(`expected a problem, not ${String(outcome)}`);
  expect(leftBehind(kernel, plan).filter((entry) => !/^(group|device) \S+ is (open|owned)$/.test(entry))).toEqual([]);
  return outcome.problem;
};

describe('a failed attach says why', () => {
  test.each(CASES)('$what', async (testCase) => {
    const problem = await failedAttach(testCase);
    expect([problem.code, problem.message]).toEqual([testCase.code, testCase.message]);
    expect(problem.cause).toMatch(testCase.cause);
    expect(problem.fixes?.length).toBeGreaterThan(0);
    expect(problem.location).toMatch(/^-device /);
  });

  test('a passed cdev that was bound before cannot be bound again while it is open', async () => {
    const host = withFds(WORKSTATION, { 20: { kind: 'iommufd' }, 21: { kind: 'vfio-cdev', address: '0000:06:00.0' } });
    const kernel = createSimulatedKernel(host);
    const plan = planOf('-object iommufd,id=i,fd=20 -device vfio-pci,fd=21,iommufd=i', host);
    const machine = await BareMachine.attach(plan, kernel, () => host);
    await machine.detach();
    await expect(BareMachine.attach(plan, kernel, () => host)).rejects.toMatchObject({
      problem: {
        code: 'BUSY',
        message: 'vfio 0000:06:00.0: error bind device fd=21 to iommufd=20: Invalid argument',
        cause: expect.stringContaining('fd 21 may have been bound already'),
      },
    });
  });

  test('RAM that cannot be made is nobody else’s fault: no device is named', async () => {
    const host = WORKSTATION;
    const plan = planOf(
      '-object memory-backend-file,id=m,size=1M,mem-path=/mnt/ram -machine memory-backend=m -device vfio-pci,host=06:00.0',
      host,
    );
    const kernel = failingKernel(createSimulatedKernel(host), (call) => (call === 1 ? 'EACCES' : undefined));
    await expect(BareMachine.attach(plan, kernel, () => host)).rejects.toMatchObject({
      problem: {
        code: 'SYSTEM_CALL',
        message: "can't open backing store /mnt/ram for guest RAM: Permission denied",
        subject: '/objects/m',
        cause: 'this user may not write /mnt/ram',
      },
    });
  });
});
