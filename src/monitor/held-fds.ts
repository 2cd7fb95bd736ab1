import type { OwnedFd } from '../kernel/owned-fd.ts';

/** The fds that objects and devices were given over the monitor, by QOM path; closed when their owner is deleted. */
export class HeldFds {
  readonly #fds = new Map<string, OwnedFd>();

  /** Takes over an fd; one that the owner had before is closed. */
  keep(path: string, fd: OwnedFd): void {
    this.close(path);
    this.#fds.set(path, fd);
  }

  /** @returns whether there was one */
  close(path: string): boolean {
    const fd = this.#fds.get(path);
    this.#fds.delete(path);
    fd?.close();
    return fd !== undefined;
  }
}
