import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const O_ACCMODE = 3;
const O_RDONLY = 0;
const O_WRONLY = 1;
const O_CLOEXEC = 0o2000000;
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

/** Flags as open(2) takes them. */
const flagsOf = (number: number): number | undefined => {
  const info = ask(() => readFileSync(`/proc/self/fdinfo/${number}`, 'utf8'));
  const flags = /^flags:\s*([0-7]+)$/m.exec(info ?? '')?.[1];
  return flags === undefined ? undefined : Number.parseInt(flags, 8);
};

const accessModeOf = (number: number): number | undefined => {
  const flags = flagsOf(number);
  return flags === undefined ? undefined : flags & O_ACCMODE;
};

/** Pipes have one inode for both ends; the ends differ in access mode. */
const isOtherEndOpen = (number: number, pipe: string, targets: OpenTargets): boolean => {
  const wanted = accessModeOf(number) === O_RDONLY ? O_WRONLY : O_RDONLY;
  return [...targets].some(([other, target]) => other !== number && target === pipe && accessModeOf(other) === wanted);
};

/** Kinds that no parent has a reason to pass. */
const LOOP_INODES: ReadonlySet<string> = new Set(['anon_inode:[eventpoll]', 'anon_inode:[io_uring]']);

const isRuntimeKind = (number: number, targets: OpenTargets): boolean => {
  const target = targets.get(number);
  if (target === undefined) return false;
  if (LOOP_INODES.has(target) || target === 'anon_inode:[eventfd]') return true;
  if (target.startsWith('pipe:[')) return isOtherEndOpen(number, target, targets);
  return target === '/dev/null' && number > STANDARD_STREAMS && accessModeOf(number) === O_RDONLY;
};

/** The runtime opens its own close-on-exec, and marks so what it inherits at low numbers: without the mark an fd is surely inherited. */
const isMarked = (number: number): boolean => ((flagsOf(number) ?? 0) & O_CLOEXEC) !== 0;

const mayBeRuntime = (number: number, targets: OpenTargets): boolean => isRuntimeKind(number, targets) && isMarked(number);

/**
 * Whether an fd is of a kind that Node's runtime (libuv) makes for itself: an epoll, eventfd or io_uring; a pipe whose other end is open
 * in this process too; /dev/null open for reading only, above the standard streams (libuv keeps one in reserve for when fds run out).
 *
 * It is a statement about kinds, not about who opened it: a parent that passes one of these at a low number gets true as well, for the
 * kernel keeps no record of that. None of them can be an iommufd, a vfio device or a monitor, so refusing them for one costs nobody
 * anything. False for a closed fd and without /proc.
 */
export const isRuntimeFd = (number: number): boolean => mayBeRuntime(number, openTargets());

/** Whether the runtime alone has a use for an open fd, so that no option can mean it. */
export const isLoopFd = (number: number): boolean => LOOP_INODES.has(targetOf(number) ?? '') && isMarked(number);

/** `fd=9`, `vhostfds=7:8`, `"fd":"22"`, `/dev/fd/8` */
const NAMED = /(?:fds?"?[=:]"?|\/dev\/fd\/)(\d+(?::\d+)*)/g;

const namedNumbers = (words: readonly string[]): ReadonlySet<number> =>
  new Set(words.flatMap((word) => [...word.matchAll(NAMED)].flatMap(([, numbers = '']) => numbers.split(':').map(Number))));

/**
 * Numbers of the file descriptors that this process was started with, standard streams left out, so that another program can get them as
 * from a shell. Ask before anything is opened that stays open. What may be the runtime's own is left out, unless an option names it.
 * @param words of the command line
 */
export const inheritedFds = (words: readonly string[]): number[] => {
  const targets = openTargets();
  const named = namedNumbers(words);
  const isInherited = (number: number): boolean => (named.has(number) ? !isLoopFd(number) : !mayBeRuntime(number, targets));
  return [...targets.keys()]
    .filter((number) => number > STANDARD_STREAMS && isInherited(number))
    .toSorted((one, other) => one - other);
};
