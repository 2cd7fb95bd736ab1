import type { FdCalls } from '../../src/kernel/fd-calls.ts';
import { OwnedFd } from '../../src/kernel/owned-fd.ts';

/** A process's table of fds. Closing what is closed is an error. */
export class FakeFds implements FdCalls {
  readonly open = new Set<number>();
  #next = 10;

  /** An fd that somebody sent. */
  sent(): number {
    this.open.add(this.#next);
    return this.#next++;
  }

  owned(): OwnedFd {
    return OwnedFd.own(this, this.sent());
  }

  close(fd: number): void {
    if (!this.open.delete(fd)) throw new Error(`fd ${fd} is closed twice`);
  }

  duplicate(): number {
    return this.sent();
  }

  accessMode(): number {
    return 2;
  }
}
