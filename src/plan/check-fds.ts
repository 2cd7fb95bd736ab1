import { failure } from '../errors/problem.ts';
import type { FdFacts, FdKind, HostModel } from '../host/model.ts';

const STANDARD_STREAMS = ['standard input', 'standard output', 'standard error'];

const KIND_NAMES: Readonly<Record<FdKind, string>> = {
  iommufd: 'an iommufd (/dev/iommu)',
  'vfio-cdev': 'a VFIO cdev',
  'vfio-group': 'a VFIO group',
  'vfio-container': 'a VFIO container (/dev/vfio/vfio)',
  kvm: '/dev/kvm',
  memfd: 'a memfd',
  regular: 'a regular file',
  socket: 'a socket',
  pipe: 'a pipe',
  eventfd: 'an eventfd',
  eventpoll: 'an epoll instance',
  character: 'a character device',
  directory: 'a directory',
  other: 'a file of another kind',
  closed: 'not open',
};

const HOW_TO_OPEN: Readonly<Record<'iommufd' | 'vfio-cdev', (fd: number) => string>> = {
  iommufd: (fd) => `in a shell: ${fd}<>/dev/iommu`,
  'vfio-cdev': (fd) => `in a shell: ${fd}<>/dev/vfio/devices/vfio0`,
};

const describe = ({ kind, target }: FdFacts): string => {
  const name = KIND_NAMES[kind];
  return target === undefined || name.includes(target) ? name : `${name} (${target})`;
};

/**
 * Makes sure that an inherited fd is what the command line says, before it is used. QEMU takes any number: a closed one fails
 * late, and one of its own is closed under it.
 * @throws FD_NOT_OPEN, FD_WRONG_KIND
 */
export const checkFd = (fd: number, wanted: 'iommufd' | 'vfio-cdev', host: HostModel): FdFacts => {
  const stream = STANDARD_STREAMS[fd];
  if (stream !== undefined) {
    throw failure('FD_WRONG_KIND', `fd ${fd} is ${stream}`, {
      subject: `fd ${fd}`,
      cause: 'the numbers 0, 1 and 2 are the standard streams',
      fixes: [HOW_TO_OPEN[wanted](9)],
    });
  }
  const facts = host.fds?.[String(fd)];
  if (facts === undefined) {
    throw failure('FD_NOT_OPEN', `fd ${fd} is not open`, {
      subject: `fd ${fd}`,
      cause: `the host model has no file descriptor ${fd}: on a simulated host there are those of its "fds", and none of this process`,
      fixes: [
        'name the device by host= and let vmattach open the nodes',
        `"fds": {"${fd}": {"kind": "${wanted}"}} in the host model`,
      ],
    });
  }
  if (facts.kind === 'closed') {
    throw failure('FD_NOT_OPEN', `fd ${fd} is not open`, {
      subject: `fd ${fd}`,
      cause: `the process that started vmattach passed no file descriptor ${fd}`,
      fixes: [HOW_TO_OPEN[wanted](fd), 'do not set close-on-exec on it in the parent'],
    });
  }
  if (facts.kind !== wanted) {
    const origin =
      facts.runtime === true ? "; vmattach's own runtime has such descriptors, and a parent has no reason to pass one" : '';
    throw failure('FD_WRONG_KIND', `fd ${fd} is ${KIND_NAMES[facts.kind]}, not ${KIND_NAMES[wanted]}`, {
      subject: `fd ${fd}`,
      cause: `fd ${fd} is ${describe(facts)}${origin}`,
      fixes: [HOW_TO_OPEN[wanted](fd)],
    });
  }
  return facts;
};
