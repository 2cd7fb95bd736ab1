import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const O_ACCMODE = 3;
const O_RDONLY = 0;
const O_WRONLY = 1;
const STANDARD_STREAMS = 2;

/** What the kernel says about open numbers of this process; undefined for one that is closed and without /proc. */
const ask = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return undefined;
    throw error;
  }
};

const targetOf = (number: number): string | undefined => ask(() => readlinkSync(`/proc/self/fd/${number}`));

/** What /proc/self/fd/N links to, by number. */
type OpenTargets = ReadonlyMap<number, string>;

const openTargets = (): OpenTargets => {
  const targets = new Map<number, string>();
  for (const name of ask(() => readdirSync('/proc/self/fd')) ?? []) {
    const target = targetOf(Number(name));
    // The folder that is being read had a number too.
    if (target !== undefined) targets.set(Number(name), target);
  }
  return targets;
};

/** Access mode as open(2) takes it. */
const accessModeOf = (number: number): number | undefined => {
  const info = ask(() => readFileSync(`/proc/self/fdinfo/${number}`, 'utf8'));
  const flags = /^flags:\s*([0-7]+)$/m.exec(info ?? '')?.[1];
  return flags === undefined ? undefined : Number.parseInt(flags, 8) & O_ACCMODE;
};

/** Pipes have one inode for both ends; the ends differ in access mode. */
const isOtherEndOpen = (number: number, pipe: string, targets: OpenTargets): boolean => {
  const wanted = accessModeOf(number) === O_RDONLY ? O_WRONLY : O_RDONLY;
  return [...targets].some(([other, target]) => other !== number && target === pipe && accessModeOf(other) === wanted);
};

const RUNTIME_INODES: ReadonlySet<string> = new Set(['eventpoll', 'eventfd', 'io_uring'].map((name) => `anon_inode:[${name}]`));

const isRuntimeKind = (number: number, targets: OpenTargets): boolean => {
  const target = targets.get(number);
  if (target === undefined) return false;
  if (RUNTIME_INODES.has(target)) return true;
  if (target.startsWith('pipe:[')) return isOtherEndOpen(number, target, targets);
  return target === '/dev/null' && number > STANDARD_STREAMS && accessModeOf(number) === O_RDONLY;
};

/**
 * Whether an fd is of a kind that Node's runtime (libuv) makes for itself: an epoll, eventfd or io_uring; a pipe whose other end is open
 * in this process too; /dev/null open for reading only, above the standard streams (libuv keeps one in reserve for when fds run out).
 *
 * It is a statement about kinds, not about who opened it: a parent that passes one of these on purpose gets true as well, for the kernel
 * keeps no record of that. None of them can be an iommufd, a vfio device or a monitor, so refusing them costs nobody anything.
 * False for a closed fd and without /proc.
 */
export const isRuntimeFd = (number: number): boolean => isRuntimeKind(number, openTargets());

/**
 * Numbers of the file descriptors that this process was started with, standard streams left out, so that another program can get them as
 * from a shell. Ask before anything is opened that stays open. What `isRuntimeFd` holds for is left out.
 */
export const inheritedFds = (): number[] => {
  const targets = openTargets();
  return [...targets.keys()]
    .filter((number) => number > STANDARD_STREAMS && !isRuntimeKind(number, targets))
    .toSorted((one, other) => one - other);
};
