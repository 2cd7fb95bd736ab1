import { errnoNumber } from '../errno.ts';
import type { MessageSocket, OpenMessageSocket, ReceivedMessage } from '../fd-calls.ts';
import { SystemCallError } from '../system-call-error.ts';
import { closeFd, duplicateFd } from './fd-calls.ts';
import { libc as loadLibc, type Libc, type Watch } from './libc.ts';
import { memoryCalls } from './memory.ts';
import { MessageHeader } from './message-header.ts';
import { systemCall } from './system-call.ts';

const MSG_PEEK = 0x2;
const MSG_DONTWAIT = 0x40;
const MSG_CMSG_CLOEXEC = 0x4000_0000;

let shared: MessageHeader | undefined;

/** Calls do not overlap, so all sockets use the same memory. */
const messageHeader = (libc: Libc): MessageHeader => (shared ??= new MessageHeader(memoryCalls(libc).allocate(MessageHeader.size)));

/**
 * Reads a socket beside libuv, which would lose the fds: it watches a duplicate, since libuv watches the socket itself for writing.
 */
class LinuxMessageSocket implements MessageSocket {
  readonly #libc = loadLibc();
  readonly #header = messageHeader(this.#libc);
  readonly #fd: number;
  readonly #watch: Watch;
  readonly #lastByte: number;
  #closed = false;

  constructor(fd: number, lastByte: number, onArrival: () => void) {
    this.#lastByte = lastByte;
    this.#fd = duplicateFd(this.#libc, fd);
    this.#watch = this.#libc.watchReadable(this.#fd, () => {
      if (!this.#closed) onArrival();
    });
  }

  /**
   * A receive that reaches bytes with fds ends with them, but may begin with earlier bytes. So where fds are under way, what may be a
   * message is received by itself: a command then never finds fds that were sent after it.
   */
  receive(): ReceivedMessage | undefined {
    // Without room for fds the kernel says that there are some, anywhere up to the first that come, and hands nothing out.
    const arrived = this.#call(MessageHeader.capacity, false, MSG_PEEK);
    if (arrived === undefined) return undefined;
    const end = this.#header.truncated ? this.#header.indexOf(this.#lastByte, arrived) + 1 : 0;
    const length = end > 0 ? end : arrived;
    const received = this.#call(length, true, 0);
    return received === undefined ? undefined : this.#header.message(received);
  }

  pause(): void {
    this.#watch.stop();
  }

  resume(): void {
    this.#watch.start();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.close();
    closeFd(this.#libc, this.#fd);
  }

  /** @returns bytes received, undefined when there are none yet */
  #call(length: number, withFds: boolean, flags: number): number | undefined {
    this.#header.prepare(length, withFds);
    try {
      return Number(
        systemCall(this.#libc, 'recvmsg', `fd ${this.#fd}`, () =>
          this.#libc.recvmsg(this.#fd, this.#header.address, flags | MSG_DONTWAIT | MSG_CMSG_CLOEXEC),
        ),
      );
    } catch (error) {
      if (error instanceof SystemCallError && error.errno === errnoNumber('EAGAIN')) return undefined;
      throw error;
    }
  }
}

/** recvmsg(2) on Node's event loop. The first use loads native code. */
export const openMessageSocket: OpenMessageSocket = (fd, lastByte, onArrival) => new LinuxMessageSocket(fd, lastByte, onArrival);
