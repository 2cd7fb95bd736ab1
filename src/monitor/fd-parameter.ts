import { failure } from '../errors/problem.ts';
import { isFdReference } from '../kernel/fd-reference.ts';
import type { OwnedFd } from '../kernel/owned-fd.ts';
import type { JsonObject } from '../options/json-value.ts';
import type { CommandContext } from './command-table.ts';
import type { HeldFds } from './held-fds.ts';

type FdSources = Pick<CommandContext, 'namedFds' | 'openFdReference'>;

/** An fd that a command names, before it is certain that the command succeeds. */
interface FoundFd {
  readonly number: string;
  /** The command has succeeded. @returns the fd, if whoever uses it has to close it from now on */
  readonly claim: () => OwnedFd | undefined;
  /** The command has failed. */
  readonly release: () => void;
}

const nothing = (): undefined => undefined;

const inNumbers = (text: string): FoundFd => ({ number: text, claim: nothing, release: nothing });

const byReference = async (reference: string, { openFdReference }: FdSources): Promise<FoundFd> => {
  const fd = await openFdReference(reference);
  return { number: String(fd.number), claim: () => (fd.borrowed ? undefined : fd), release: () => fd.close() };
};

const inNames = (name: string, { namedFds }: FdSources): FoundFd => {
  const fd = namedFds.find(name);
  if (fd === undefined) {
    throw failure('FD_NOT_OPEN', `Could not parse remote object fd ${name}:File descriptor named '${name}' has not been found`, {
      fixes: [`send the file descriptor with getfd and the name '${name}' first`],
    });
  }
  return { number: String(fd.number), claim: () => namedFds.take(name), release: nothing };
};

/**
 * A digit begins a number of our own table, anything else is a name (monitor/fds.c, monitor_fd_param), unless it says by itself
 * where the fd comes from.
 */
const find = async (text: string, sources: FdSources): Promise<FoundFd> => {
  if (/^[0-9]/.test(text)) {
    return inNumbers(text);
  }
  return isFdReference(text) && sources.namedFds.find(text) === undefined ? byReference(text, sources) : inNames(text, sources);
};

/** Members in which a number stands for the fd that they name. */
interface ResolvedMembers extends Pick<FoundFd, 'claim' | 'release'> {
  readonly members: JsonObject;
}

const resolveFd = async (members: JsonObject, sources: FdSources): Promise<ResolvedMembers> => {
  const text = members.get('fd');
  if (typeof text !== 'string') {
    return { members, claim: nothing, release: nothing };
  }
  const { number, claim, release } = await find(text, sources);
  return { members: new Map(members).set('fd', number), claim, release };
};

/**
 * Runs a command whose members may name an fd: it gets the fd's number instead. Only when the command succeeds is the name used up; what it
 * made owns the fd then.
 * @param use returns the QOM path of what it made
 * @throws FD_NOT_OPEN in QEMU's words, and what `use` throws
 */
export const withPassedFd = async (
  given: JsonObject,
  sources: FdSources,
  held: HeldFds,
  use: (members: JsonObject) => Promise<string>,
): Promise<string> => {
  const { members, claim, release } = await resolveFd(given, sources);
  try {
    const path = await use(members);
    const fd = claim();
    if (fd !== undefined) {
      held.keep(path, fd);
    }
    return path;
  } catch (error) {
    release();
    throw error;
  }
};

/**
 * As `withPassedFd`, for a command that only looks: no name is used up, and what a reference opened is closed again.
 * @throws FD_NOT_OPEN in QEMU's words, and what `use` throws
 */
export const withBorrowedFd = async <T>(
  given: JsonObject,
  sources: FdSources,
  use: (members: JsonObject) => Promise<T>,
): Promise<T> => {
  const { members, release } = await resolveFd(given, sources);
  try {
    return await use(members);
  } finally {
    release();
  }
};
