import { failure } from '../errors/problem.ts';
import { INT64_MAX, toInt64 } from '../options/integer.ts';
import type { FdCalls } from './fd-calls.ts';
import { OwnedFd } from './owned-fd.ts';

export interface FdSetEntry {
  readonly fd: OwnedFd;
  /** Free text of whoever added it. */
  readonly opaque: string | undefined;
}

interface FdSet {
  readonly id: bigint;
  /** In the order in which they were added. */
  entries: readonly FdSetEntry[];
  /** Files opened through the set that are still open. */
  readonly opened: Set<number>;
}

const PREFIX = '/dev/fdset/';

/** By access mode. */
const HOW_OPENED = ['for reading', 'for writing', 'for reading and writing'];

export const isFdSetPath = (path: string): boolean => path.startsWith(PREFIX);

const notFound = (name: string) => failure('LINK_NOT_FOUND', `File descriptor named '${name}' not found`);

/** The fd sets of the process (monitor/fds.c): several fds for one file, of which an open takes the one with the access mode it needs. */
export class FdSets {
  readonly #calls: FdCalls;
  readonly #sets = new Map<bigint, FdSet>();

  constructor(calls: FdCalls) {
    this.#calls = calls;
  }

  /**
   * Takes over an fd; without an id the set gets the smallest that is free.
   * @returns the id of the set
   * @throws VALUE_INVALID for a negative id; the fd is closed then
   */
  add(fd: OwnedFd, id: bigint = this.#smallestFreeId(), opaque?: string): bigint {
    if (id < 0n || id > INT64_MAX) {
      fd.close();
      throw failure('VALUE_INVALID', `Parameter 'fdset-id' expects a non-negative value`);
    }
    const set = this.#sets.get(id) ?? { id, entries: [], opened: new Set() };
    set.entries = [...set.entries, { fd, opaque }];
    this.#sets.set(id, set);
    return id;
  }

  /** Closes one fd of a set, or all. @throws LINK_NOT_FOUND */
  remove(id: bigint, number?: bigint): void {
    const name = number === undefined ? `fdset-id:${id}` : `fdset-id:${id}, fd:${number}`;
    const set = this.#sets.get(id);
    if (set === undefined) throw notFound(name);
    const leaving = set.entries.filter(({ fd }) => number === undefined || BigInt(fd.number) === number);
    if (leaving.length === 0 && number !== undefined) throw notFound(name);
    for (const { fd } of leaving) fd.close();
    set.entries = set.entries.filter((entry) => !leaving.includes(entry));
    this.#forgetIfEmpty(set);
  }

  /** In QEMU's order: the highest id first. */
  list(): readonly { readonly id: bigint; readonly entries: readonly FdSetEntry[] }[] {
    return [...this.#sets.values()].toSorted((one, other) => (one.id < other.id ? 1 : -1));
  }

  /**
   * Opens `/dev/fdset/N`: a duplicate of the fd of that set that was added last of those with the access mode.
   * @param accessMode O_RDONLY, O_WRONLY or O_RDWR
   * @throws VmattachError in the words of QEMU's util/osdep.c
   */
  open(path: string, accessMode: number): OwnedFd {
    const id = toInt64(path.slice(PREFIX.length));
    if (typeof id !== 'bigint')
      throw failure('VALUE_INVALID', `Could not parse fdset ${path}`, { fixes: [`${PREFIX}N with the number of a set`] });
    const set = this.#sets.get(id);
    if (set === undefined)
      throw failure('LINK_NOT_FOUND', `Failed to find fdset ${path}`, { fixes: [`-add-fd fd=N,set=${id}`, 'QMP: add-fd'] });
    const entry = set.entries.findLast(({ fd }) => this.#calls.accessMode(fd.number) === accessMode);
    if (entry === undefined) {
      throw failure('FD_WRONG_KIND', `Failed to find file descriptor with matching flags=0x${accessMode.toString(16)}`, {
        cause: `set ${id} has no file descriptor that was opened ${HOW_OPENED[accessMode] ?? 'so'}`,
        fixes: [`add one to set ${id} that was`],
      });
    }
    const number = this.#calls.duplicate(entry.fd.number);
    set.opened.add(number);
    return OwnedFd.own({ close: (fd) => this.#closeOpened(set, fd) }, number);
  }

  /** Closes all that was added; what was opened belongs to who opened it. */
  closeAll(): void {
    for (const { entries } of this.#sets.values()) {
      for (const { fd } of entries) fd.close();
    }
    this.#sets.clear();
  }

  #closeOpened(set: FdSet, fd: number): void {
    set.opened.delete(fd);
    this.#forgetIfEmpty(set);
    this.#calls.close(fd);
  }

  #forgetIfEmpty({ id, entries, opened }: FdSet): void {
    if (entries.length === 0 && opened.size === 0) this.#sets.delete(id);
  }

  #smallestFreeId(): bigint {
    let id = 0n;
    while (this.#sets.has(id)) id += 1n;
    return id;
  }
}
