import { failure } from '../errors/problem.ts';
import type { Kernel } from './kernel.ts';

type Close = (fd: number) => void;

const keepOpen: Close = () => undefined;

/**
 * An fd together with the duty to close it. It is closed once: a second close could hit a number that someone else was given meanwhile.
 */
export class OwnedFd {
  readonly #number: number;
  readonly #close: Close;
  #closed = false;

  private constructor(number: number, close: Close) {
    this.#number = number;
    this.#close = close;
  }

  /** Takes over an fd that was opened here. */
  static own(kernel: Pick<Kernel, 'close'>, number: number): OwnedFd {
    return new OwnedFd(number, (fd) => kernel.close(fd));
  }

  /** An fd that belongs to someone else, such as one passed by the user: `close` only ends its use here. */
  static borrow(number: number): OwnedFd {
    return new OwnedFd(number, keepOpen);
  }

  /** @throws VmattachError after `close` */
  get number(): number {
    if (this.#closed) throw failure('INTERNAL', `fd ${this.#number} is used after it was closed`);
    return this.#number;
  }

  /** Whether closing it is someone else's business. */
  get borrowed(): boolean {
    return this.#close === keepOpen;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** @throws SystemCallError; the fd counts as closed all the same, as close(2) has it on Linux */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#close(this.#number);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
