import { constants } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { IoctlArgument, Kernel, OpenFlags, ResourceLimit } from '../kernel.ts';
import { asyncIoctl } from './async-call.ts';
import { closeFd } from './fd-calls.ts';
import { fileStatus } from './file-status.ts';
import { libc as loadLibc, type Libc } from './libc.ts';
import { memoryCalls } from './memory.ts';
import { systemCall } from './system-call.ts';

// Values of the generic Linux ABI (asm-generic/fcntl.h, linux/memfd.h, asm-generic/resource.h), the same on x86-64 and AArch64.
const O_RDWR = 0o2;
const O_CREAT = 0o100;
const O_CLOEXEC = 0o2000000;
/** O_DIRECTORY is another bit on AArch64. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;
const MFD_CLOEXEC = 0x1;
const MFD_HUGETLB = 0x4;
const MFD_HUGE_SHIFT = 26;
const RLIMIT_MEMLOCK = 8;
const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;

const on = (fd: number): string => `fd ${fd}`;

const checkPath = (path: string): string => {
  if (path.includes('\0')) throw new RangeError('a path has no NUL character');
  return path;
};

const openFlags = ({ write = false, create = false, unnamed = false }: OpenFlags): number =>
  O_CLOEXEC | (write ? O_RDWR : 0) | (create ? O_CREAT : 0) | (unnamed ? O_TMPFILE : 0);

/** memfd_create(2) takes the page size as its logarithm, in the bits from MFD_HUGE_SHIFT on; 0 there is the default size. */
const memfdFlags = (hugePages: { readonly pageSize?: bigint } | undefined): number => {
  if (hugePages === undefined) return MFD_CLOEXEC;
  const { pageSize } = hugePages;
  if (pageSize === undefined) return MFD_CLOEXEC | MFD_HUGETLB;
  const shift = pageSize.toString(2).length - 1;
  if (pageSize !== 1n << BigInt(shift)) throw new RangeError(`${pageSize} bytes are not a page size`);
  return (MFD_CLOEXEC | MFD_HUGETLB) + shift * 2 ** MFD_HUGE_SHIFT;
};

const limit = (value: bigint | undefined): bigint | undefined => (value === RLIM_INFINITY ? undefined : value);

const memlockLimit = (libc: Libc): ResourceLimit => {
  const values = new BigUint64Array(2);
  systemCall(libc, 'getrlimit', 'RLIMIT_MEMLOCK', () => libc.getrlimit(RLIMIT_MEMLOCK, values));
  return { soft: limit(values[0]), hard: limit(values[1]) };
};

const ioctl = (libc: Libc, fd: number, request: number, argument: IoctlArgument): number =>
  systemCall(libc, 'ioctl', on(fd), () =>
    argument instanceof Uint8Array ? libc.ioctlPointer(fd, request, argument) : libc.ioctlValue(fd, request, argument),
  );

/** The kernel this process runs on. Native code is loaded by this call, not before. */
export const createLinuxKernel = (): Kernel => {
  const libc = loadLibc();
  return {
    implementation: 'linux',
    pageSize: libc.getpagesize(),
    processors: availableParallelism(),

    open: (path, flags = {}) =>
      systemCall(libc, 'open', path, () => libc.open(checkPath(path), openFlags(flags), flags.mode ?? 0o600)),
    close: (fd) => closeFd(libc, fd),
    status: fileStatus,

    ioctl: (fd, request, argument = 0) => ioctl(libc, fd, request, argument),
    ioctlAsync: (fd, request, argument = 0) => asyncIoctl(libc, fd, request, argument),

    read: (fd, into, offset) => systemCall(libc, 'pread', on(fd), () => libc.pread(fd, into, into.length, offset)),
    write: (fd, from, offset) => systemCall(libc, 'pwrite', on(fd), () => libc.pwrite(fd, from, from.length, offset)),

    ...memoryCalls(libc),

    createMemfd: (name, hugePages) => {
      const flags = memfdFlags(hugePages);
      return systemCall(libc, 'memfd_create', name, () => libc.memfdCreate(name, flags));
    },
    truncate: (fd, length) => {
      systemCall(libc, 'ftruncate', on(fd), () => libc.ftruncate(fd, length));
    },

    memlockLimit: () => memlockLimit(libc),
  };
};
