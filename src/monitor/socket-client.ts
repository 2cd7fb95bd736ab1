import type { Socket } from 'node:net';
import type { FdCalls, MessageSocket, OpenMessageSocket, ReceivedMessage } from '../kernel/fd-calls.ts';
import { socketFd } from '../kernel/linux/socket-handle.ts';
import { SystemCallError } from '../kernel/system-call-error.ts';
import type { JsonRecord } from './json-text.ts';
import { PendingFds } from './pending-fds.ts';
import { QmpSession, type MonitorState, type SessionClient } from './qmp-session.ts';

/** What clients need of the system. */
export interface ClientSystem {
  readonly state: MonitorState;
  readonly fdCalls: FdCalls;
  readonly openMessageSocket: OpenMessageSocket;
}

/** With so much unread output, in bytes, a client gives no more commands. */
const MUCH_OUTPUT = 1 << 20;
/** With so much it is dropped: events come without being asked for. */
const MOST_OUTPUT = 16 << 20;
/** How long a client that is left may take to read the rest, in ms. */
const FAREWELL = 1000;
/** Every command is an object. */
const LAST_BYTE = 0x7d;

/** A client on a unix socket. Node writes to it; reading is done beside Node, which would lose the fds that come with the bytes. */
export class SocketClient {
  readonly #socket: Socket;
  readonly #session: QmpSession;
  readonly #pendingFds: PendingFds;
  readonly #messages: MessageSocket | undefined;
  /** Whether more input is wanted. */
  #reading = true;
  /** Input came that is not wanted yet, and is not listened for. */
  #paused = false;
  #ended = false;
  /** What is to be sent and not written yet. */
  #gathered = '';

  /** @param socket connected, and never read by Node */
  constructor(system: ClientSystem, socket: Socket, monitor: Pick<SessionClient, 'namedFds' | 'pretty'>) {
    this.#socket = socket;
    this.#pendingFds = new PendingFds(system.fdCalls);
    // An error is followed by close.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#end());
    socket.on('drain', () => this.#adjust());
    const fd = socketFd(socket);
    this.#messages = fd === undefined ? undefined : system.openMessageSocket(fd, LAST_BYTE, () => this.#receive());
    this.#session = new QmpSession(system.state, {
      ...monitor,
      send: (text) => this.#send(text),
      gather: (text) => this.#gather(text),
      onRoom: () => this.#adjust(),
      pendingFds: this.#pendingFds,
    });
    if (fd === undefined) socket.destroy();
  }

  tell(event: JsonRecord): void {
    this.#session.tell(event);
  }

  /** Ends the connection when the client has read what it was sent, or soon. */
  leave(): void {
    this.#flush();
    this.#end();
    const timer = setTimeout(() => this.#socket.destroy(), FAREWELL);
    this.#socket.once('close', () => clearTimeout(timer));
    this.#socket.end(() => this.#socket.destroy());
  }

  /** One receive each time, so that no client keeps the others waiting. */
  #receive(): void {
    if (!this.#reading) {
      this.#paused = true;
      this.#messages?.pause();
      return;
    }
    const message = this.#next();
    if (message === undefined) return;
    if (message.bytes.length === 0) {
      this.leave();
      return;
    }
    this.#session.receive(message);
    this.#adjust();
  }

  #next(): ReceivedMessage | undefined {
    try {
      return this.#messages?.receive();
    } catch (error) {
      // ECONNRESET and the like: the connection is broken.
      if (!(error instanceof SystemCallError)) throw error;
      this.#socket.destroy();
      return undefined;
    }
  }

  /** Its events and its reply are what a command says: each written by itself would wake the client several times. */
  #gather(text: string): void {
    if (this.#gathered === '') process.nextTick(() => this.#flush());
    this.#gathered += text;
  }

  #send(text: string): void {
    this.#gathered += text;
    this.#flush();
  }

  #flush(): void {
    const text = this.#gathered;
    if (text === '' || this.#ended) return;
    this.#gathered = '';
    this.#socket.write(text, 'latin1');
    if (this.#socket.writableLength > MOST_OUTPUT) this.#socket.destroy();
  }

  /**
   * Reads as long as the session has room and the client reads too. Most clients send nothing before they have their reply: the watch ends
   * only when something comes too early.
   */
  #adjust(): void {
    if (this.#ended) return;
    this.#reading = this.#session.acceptsInput && this.#socket.writableLength + this.#gathered.length < MUCH_OUTPUT;
    if (!this.#reading || !this.#paused) return;
    this.#paused = false;
    this.#messages?.resume();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#session.close();
    this.#messages?.close();
  }
}
