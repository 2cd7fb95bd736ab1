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

/**
 * Runs a command whose members may name an fd: it gets the fd's number instead. Only when the command succeeds is the name used up; what it
 * made owns the fd then.
 * @param use returns the QOM path of what it made
 * @throws FD_NOT_OPEN in QEMU's words, and what `use` throws
 */
export const withPassedFd = async (
  members: JsonObject,
  sources: FdSources,
  held: HeldFds,
  use: (members: JsonObject) => Promise<string>,
): Promise<string> => {
  const text = members.get('fd');
  if (typeof text !== 'string') {
    return use(members);
  }
  const found = await find(text, sources);
  try {
    const path = await use(new Map(members).set('fd', found.number));
    const fd = found.claim();
    if (fd !== undefined) {
      held.keep(path, fd);
    }
    return path;
  } catch (error) {
    found.release();
    throw error;
  }
};

/**
 * As `withPassedFd`, for a command that only looks: no name is used up, and what a reference opened is closed again.
 * @throws FD_NOT_OPEN in QEMU's words, and what `use` throws
 */
export const withBorrowedFd = async <T>(
  members: JsonObject,
  sources: FdSources,
  use: (members: JsonObject) => Promise<T>,
): Promise<T> => {
  const text = members.get('fd');
  if (typeof text !== 'string') {
    return use(members);
  }
  const found = await find(text, sources);
  try {
    return await use(new Map(members).set('fd', found.number));
  } finally {
    found.release();
  }
};
