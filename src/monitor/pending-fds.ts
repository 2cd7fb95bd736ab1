import type { FdCalls, ReceivedMessage } from '../kernel/fd-calls.ts';
import { OwnedFd } from '../kernel/owned-fd.ts';
import { refused } from './command-error.ts';

type Sent = Pick<ReceivedMessage, 'fds' | 'truncated'>;

/**
 * The fds that came over one connection and that no command has taken yet. As in QEMU (chardev/char-socket.c) they belong to the
 * connection, not to a command: they wait until one takes them or a later message brings others.
 */
export class PendingFds {
  readonly #calls: FdCalls;
  #fds: readonly OwnedFd[] = [];
  #truncated = false;

  constructor(calls: FdCalls) {
    this.#calls = calls;
  }

  /** A message without fds leaves the earlier ones alone. */
  receive({ fds, truncated }: Sent): void {
    if (fds.length === 0 && !truncated) return;
    this.close();
    this.#fds = fds.map((fd) => OwnedFd.own(this.#calls, fd));
    this.#truncated = truncated;
  }

  /** The first one; the others are closed. @throws CommandError */
  take(): OwnedFd {
    const [first, ...others] = this.#fds;
    const truncated = this.#truncated;
    this.#fds = truncated ? this.#fds : others;
    this.close();
    if (truncated) throw refused('File descriptors sent via SCM_RIGHTS were truncated');
    if (first === undefined) throw refused('No file descriptor supplied via SCM_RIGHTS');
    return first;
  }

  close(): void {
    for (const fd of this.#fds) fd.close();
    this.#fds = [];
    this.#truncated = false;
  }
}
