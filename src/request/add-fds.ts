import { failure, withLocation } from '../errors/problem.ts';
import type { FdCalls } from '../kernel/fd-calls.ts';
import type { FdSets } from '../kernel/fd-sets.ts';
import { moveFd } from '../kernel/move-fd.ts';
import { OwnedFd } from '../kernel/owned-fd.ts';
import { OPTION_GROUPS } from '../options/option-groups.ts';
import { getNumber, getOption } from '../options/qemu-opts-values.ts';
import { parseQemuOpts } from '../options/qemu-opts.ts';
import type { ScannedOption } from '../options/scan-argv.ts';

/** The fd sets that `-add-fd` fills, and what it has to know about this process. */
export interface AddFdTarget {
  readonly fdSets: FdSets;
  readonly calls: FdCalls;
  /** Whether the parent passed it: it is open, and not one of our own runtime. */
  readonly isInherited: (fd: number) => boolean;
  /** Numbers that a duplicate must not get. */
  readonly avoided: ReadonlySet<number>;
}

const STDERR = 2;

/** QEMU keeps both numbers in an int. */
const toInt = (value: bigint | undefined): number => (value === undefined ? -1 : Number(BigInt.asIntN(32, value)));

const FIXES = ['-add-fd fd=N,set=M with a file descriptor from 3 on that the parent process passes'];

const checkFd = (fd: number, isInherited: AddFdTarget['isInherited']): void => {
  if (fd < 0) throw failure('PROPERTY_MISSING', 'fd option is required and must be non-negative', { fixes: FIXES });
  if (fd <= STDERR) throw failure('FD_WRONG_KIND', 'fd cannot be a standard I/O stream', { fixes: FIXES });
  if (!isInherited(fd)) {
    throw failure('FD_NOT_OPEN', 'fd is not valid or already in use', {
      cause: `the process that started vmattach passed no file descriptor ${fd}`,
      fixes: FIXES,
    });
  }
};

const addFd = (text: string, { fdSets, calls, isInherited, avoided }: AddFdTarget): number => {
  const opts = parseQemuOpts(text, { group: 'add-fd', descriptors: OPTION_GROUPS['add-fd'] });
  const fd = toInt(getNumber(opts, 'fd'));
  const set = toInt(getNumber(opts, 'set'));
  checkFd(fd, isInherited);
  if (set < 0) throw failure('PROPERTY_MISSING', 'set option is required and must be non-negative', { fixes: FIXES });
  const copy = moveFd(OwnedFd.own(calls, calls.duplicate(fd)), avoided, calls);
  fdSets.add(copy, BigInt(set), getOption(opts, 'opaque'));
  return fd;
};

/**
 * Puts duplicates of inherited fds into fd sets, as `-add-fd` asks (system/vl.c, parse_add_fd).
 * @returns the numbers that were duplicated; QEMU closes them when all are
 * @throws VmattachError in QEMU's words, located at the option
 */
export const addFds = (options: readonly ScannedOption[], target: AddFdTarget): readonly number[] => [
  ...new Set(
    options.flatMap(({ name, value = '', location }) =>
      name === 'add-fd' ? [withLocation(location, () => addFd(value, target))] : [],
    ),
  ),
];
