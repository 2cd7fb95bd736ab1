import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

interface OpenFile {
  readonly target: string;
  /** Flags as open(2) takes them. */
  readonly flags: number;
}

const O_ACCMODE = 3;
const O_RDONLY = 0;
const O_WRONLY = 1;
const STANDARD_STREAMS = 2;

const readOpenFile = (number: number | string): OpenFile | undefined => {
  try {
    const target = readlinkSync(`/proc/self/fd/${number}`);
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${number}`, 'utf8'))?.[1];
    return flags === undefined ? undefined : { target, flags: Number.parseInt(flags, 8) };
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return undefined;
    throw error;
  }
};

const accessMode = ({ flags }: OpenFile): number => flags & O_ACCMODE;

/** Pipes have one inode for both ends; the ends differ in access mode. */
const isOtherEndOpen = (pipe: OpenFile): boolean => {
  const wanted = accessMode(pipe) === O_RDONLY ? O_WRONLY : O_RDONLY;
  return readdirSync('/proc/self/fd').some((number) => {
    const other = readOpenFile(number);
    return other !== undefined && other.target === pipe.target && accessMode(other) === wanted;
  });
};

const RUNTIME_INODES: ReadonlySet<string> = new Set(['eventpoll', 'eventfd', 'io_uring'].map((name) => `anon_inode:[${name}]`));

/**
 * Whether an fd is of a kind that Node's runtime (libuv) makes for itself: an epoll, eventfd or io_uring; a pipe whose other end is open
 * in this process too; /dev/null open for reading only, above the standard streams (libuv keeps one in reserve for when fds run out).
 *
 * It is a statement about kinds, not about who opened it: a parent that passes one of these on purpose gets true as well, for the kernel
 * keeps no record of that. None of them can be an iommufd, a vfio device or a monitor, so refusing them costs nobody anything.
 * False for a closed fd and without /proc.
 */
export const isRuntimeFd = (number: number): boolean => {
  const file = readOpenFile(number);
  if (file === undefined) return false;
  if (RUNTIME_INODES.has(file.target)) return true;
  if (file.target.startsWith('pipe:[')) return isOtherEndOpen(file);
  return file.target === '/dev/null' && number > STANDARD_STREAMS && accessMode(file) === O_RDONLY;
};
