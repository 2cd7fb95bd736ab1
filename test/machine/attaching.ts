import type { HostModel } from '../../src/host/model.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import {
  createSimulatedKernel,
  type SimulatedKernel,
  type SimulationOptions,
} from '../../src/kernel/simulated/simulated-kernel.ts';
import type { CallEvent } from '../../src/kernel/trace.ts';
import { traced } from '../../src/kernel/traced-kernel.ts';
import { BareMachine } from '../../src/machine/bare-machine.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { withFds, withMediatedDevice, withRelease, WORKSTATION, MDEV_UUID, SERVER } from '../plan/hosts.ts';
import { planOf } from '../plan/planning.ts';

/** A command line that can be attached on a host, and the host. */
export interface Scenario {
  readonly what: string;
  readonly host: HostModel;
  readonly line: string;
}

const passed = withFds(WORKSTATION, {
  20: { kind: 'iommufd' },
  21: { kind: 'vfio-cdev', address: '0000:06:00.0' },
});

const GPU = 'host=01:00.0';
const AUDIO = 'host=01:00.1';
const NIC = 'host=06:00.0';

/** Each backend alone and together, one and several devices, own and passed fds, all kinds of RAM. */
export const SCENARIOS: readonly Scenario[] = [
  { what: 'type1, one device', host: WORKSTATION, line: `-device vfio-pci,${NIC}` },
  {
    what: 'type1, two devices of one group and one of another',
    host: WORKSTATION,
    line: `-m 4G -device vfio-pci,${GPU} -device vfio-pci,${AUDIO} -device vfio-pci,${NIC}`,
  },
  {
    what: 'type1, a mediated device beside another',
    host: withMediatedDevice(WORKSTATION),
    line: `-device vfio-pci,sysfsdev=/sys/bus/mdev/devices/${MDEV_UUID} -device vfio-pci,${NIC}`,
  },
  { what: 'iommufd, one device', host: WORKSTATION, line: `-device vfio-iommu-pci,${NIC}` },
  {
    what: 'iommufd, two devices of one group and one of another',
    host: WORKSTATION,
    line: `-m 4G -object iommufd,id=i -device vfio-pci,${GPU},iommufd=i -device vfio-pci,${AUDIO},iommufd=i -device vfio-pci,${NIC},iommufd=i`,
  },
  {
    what: 'iommufd, a mediated device beside another',
    host: withMediatedDevice(WORKSTATION),
    line: `-object iommufd,id=i -device vfio-pci,sysfsdev=/sys/bus/mdev/devices/${MDEV_UUID},iommufd=i -device vfio-pci,${NIC},iommufd=i`,
  },
  {
    what: 'iommufd, with hardware that tracks dirty pages',
    host: SERVER,
    line: '-device vfio-iommu-pci,host=41:02.0 -device vfio-iommu-pci,host=41:02.1',
  },
  {
    what: 'iommufd, two objects',
    host: WORKSTATION,
    line: `-object iommufd,id=i -object iommufd,id=j -device vfio-pci,${GPU},iommufd=i -device vfio-pci,${NIC},iommufd=j`,
  },
  {
    what: 'iommufd, passed fds',
    host: passed,
    line: '-object iommufd,id=i,fd=20 -device vfio-pci,fd=21,iommufd=i',
  },
  {
    what: 'iommufd, a passed iommufd only',
    host: passed,
    line: `-object iommufd,id=i,fd=20 -device vfio-pci,${GPU},iommufd=i`,
  },
  {
    what: 'iommufd, RAM in a memfd',
    host: WORKSTATION,
    line: `-object memory-backend-memfd,id=m,size=128M -machine memory-backend=m -device vfio-iommu-pci,${NIC}`,
  },
  {
    what: 'iommufd, RAM in a memfd on a kernel that cannot map files',
    host: withRelease(WORKSTATION, '6.12.0'),
    line: `-object memory-backend-memfd,id=m,size=128M -machine memory-backend=m -device vfio-iommu-pci,${NIC}`,
  },
  {
    what: 'compat type1v2, two devices of one group and one of another',
    host: WORKSTATION,
    line: `-m 4G -object iommufd,id=c,compat=type1v2 -device vfio-pci,${GPU},iommufd=c -device vfio-pci,${AUDIO},iommufd=c -device vfio-pci,${NIC},iommufd=c`,
  },
  {
    what: 'compat type1, one device',
    host: WORKSTATION,
    line: `-object iommufd,id=c,compat=type1 -device vfio-pci,${NIC},iommufd=c`,
  },
  {
    what: 'compat on a passed iommufd',
    host: passed,
    line: `-object iommufd,id=c,fd=20,compat=type1v2 -device vfio-pci,${GPU},iommufd=c`,
  },
  {
    what: 'type1 and iommufd at once, RAM in a file',
    host: WORKSTATION,
    line: `-object memory-backend-file,id=m,size=128M,mem-path=/dev/shm/ram -machine memory-backend=m -object iommufd,id=i -device vfio-pci,${GPU} -device vfio-pci,${NIC},iommufd=i`,
  },
  {
    what: 'all three at once',
    host: withMediatedDevice(WORKSTATION),
    line: `-object iommufd,id=i -object iommufd,id=c,compat=type1v2 -device vfio-pci,${GPU} -device vfio-pci,${NIC},iommufd=c -device vfio-pci,sysfsdev=/sys/bus/mdev/devices/${MDEV_UUID},iommufd=i`,
  },
];

export interface Attached {
  readonly kernel: SimulatedKernel;
  readonly plan: Plan;
  readonly machine: BareMachine;
  /** The names of the calls that were made, in order. */
  readonly calls: readonly string[];
  /** The same with what each was given, as `NAME ARGUMENT`. */
  readonly ioctls: readonly string[];
}

/** One line for a call: its name and the fields that are not zero. */
const formatCall = ({ call, argument }: CallEvent): string => {
  const fields =
    typeof argument === 'object' ? Object.entries(argument).filter(([name, value]) => name !== 'argsz' && Number(value) !== 0) : [];
  const text =
    typeof argument === 'object' ? fields.map(([name, value]) => `${name}=${String(value)}`).join(' ') : String(argument ?? '');
  return `${call} ${text}`.trimEnd();
};

/** Attaches on a fresh simulated kernel, and listens to the ioctls. */
export const attach = async (line: string, host: HostModel, options: SimulationOptions = {}): Promise<Attached> => {
  const kernel = createSimulatedKernel(host, options);
  const plan = planOf(line, host);
  const calls: string[] = [];
  const ioctls: string[] = [];
  const heard: Kernel = traced(kernel, (event) => {
    calls.push(event.call);
    ioctls.push(formatCall(event));
  });
  const machine = await BareMachine.attach(plan, heard, () => host);
  return { kernel, plan, machine, calls, ioctls };
};

/** How many times a call was made. */
export const countOf = (calls: readonly string[], name: string): number => calls.filter((call) => call === name).length;

/**
 * What is left, but for what only closing a passed cdev could end: the kernel has no call that unbinds one, so the device stays
 * open and its group owned until the parent's fd is closed as well.
 */
export const leftBehind = (kernel: SimulatedKernel, { devices, fds }: Plan): readonly string[] => {
  const bound = devices.filter(({ fd }) => fd !== undefined);
  const iommufds = fds.filter(({ kind }) => kind === 'iommufd').map(({ number }) => number);
  const expected = new Set([
    ...bound.flatMap(({ name, group }) => [`device ${name} is open`, `group ${group} is owned`]),
    ...iommufds.map((fd) => `fd ${fd}: iommufd with ${bound.length} objects`),
  ]);
  return kernel.leftovers().filter((entry) => !expected.has(entry));
};
