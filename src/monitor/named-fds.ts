import type { OwnedFd } from '../kernel/owned-fd.ts';
import { refused } from './command-error.ts';

const DIGIT = /^[0-9]/;

/** The fds that `getfd` named. They belong to the monitor and outlive its connections (monitor/fds.c). */
export class NamedFds {
  readonly #fds = new Map<string, OwnedFd>();

  /**
   * Takes over an fd; one that had the name is closed. A name that starts with a digit is refused, since `fd=` would take it for a
   * number; the fd is closed then.
   * @throws CommandError
   */
  add(name: string, fd: OwnedFd): void {
    if (DIGIT.test(name)) {
      fd.close();
      throw refused(`Parameter 'fdname' expects a name not starting with a digit`);
    }
    this.#fds.get(name)?.close();
    this.#fds.set(name, fd);
  }

  /** An fd to look at; it keeps its name. */
  find(name: string): OwnedFd | undefined {
    return this.#fds.get(name);
  }

  /** An fd to use: the name is gone, and the caller has to close it. */
  take(name: string): OwnedFd | undefined {
    const fd = this.#fds.get(name);
    this.#fds.delete(name);
    return fd;
  }

  /** Whether a number of the process's table belongs to a name here. */
  holds(number: number): boolean {
    return [...this.#fds.values()].some((fd) => fd.number === number);
  }

  /** @throws CommandError */
  close(name: string): void {
    const fd = this.take(name);
    if (fd === undefined) throw refused(`File descriptor named '${name}' not found`);
    fd.close();
  }

  closeAll(): void {
    for (const fd of this.#fds.values()) fd.close();
    this.#fds.clear();
  }
}
