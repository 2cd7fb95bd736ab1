import { fstatSync, lstatSync, unlinkSync } from 'node:fs';
import net from 'node:net';
import { failure } from '../errors/problem.ts';
import type { SocketAddress } from './chardev-spec.ts';
import type { JsonRecord } from './json-text.ts';
import type { Monitor } from './monitor.ts';
import { NamedFds } from './named-fds.ts';
import { SocketClient, type ClientSystem } from './socket-client.ts';
import { socketFailure } from '../kernel/socket-failure.ts';

/** Connections that wait for their turn; what comes on top is refused. */
const MOST_CONNECTIONS = 128;

/** A socket that is left from an earlier run is in the way of bind(2); other files are none of our business. */
const removeSocket = (path: string): void => {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return;
  try {
    unlinkSync(path);
  } catch (error) {
    throw socketFailure(`Failed to unlink socket ${path}`, error);
  }
};

/** @throws VmattachError in the words of QEMU's chardev/char-socket.c */
export const checkSocketFd = (fd: number): void => {
  let isSocket = false;
  try {
    isSocket = fstatSync(fd).isSocket();
  } catch {
    // It is closed, which is no socket either.
  }
  if (!isSocket) {
    throw failure('FD_WRONG_KIND', `File descriptor '${fd}' is not a socket`, {
      cause: 'fd= takes the number of a socket that whoever starts vmattach has open and passes on',
      fixes: ['pass the socket, e.g. systemd-socket-activate or subprocess.Popen(pass_fds=...)', 'use path=PATH instead'],
    });
  }
};

/** A monitor on a listening socket. A second client has to wait until the first one leaves. */
export class ListeningMonitor implements Monitor {
  readonly #system: ClientSystem;
  readonly #client: { readonly namedFds: NamedFds; readonly pretty: boolean };
  readonly #server = net.createServer({ pauseOnConnect: true });
  readonly #waiting: net.Socket[] = [];
  readonly #connected: Promise<void>;
  #current: SocketClient | undefined;
  #markConnected: () => void = () => undefined;
  #closed = false;

  private constructor(system: ClientSystem, pretty: boolean) {
    this.#system = system;
    this.#client = { namedFds: new NamedFds(), pretty };
    this.#connected = new Promise((resolve) => {
      this.#markConnected = resolve;
    });
    this.#server.maxConnections = MOST_CONNECTIONS;
    this.#server.on('connection', (socket) => {
      this.#waiting.push(socket);
      this.#serveNext();
    });
  }

  /** @throws VmattachError when the socket cannot be bound or is none */
  static async listen(system: ClientSystem, at: SocketAddress, pretty: boolean): Promise<ListeningMonitor> {
    if ('fd' in at) checkSocketFd(at.fd);
    else removeSocket(at.path);
    const monitor = new ListeningMonitor(system, pretty);
    await new Promise<void>((resolve, reject) => {
      monitor.#server.once('error', (error) =>
        reject(socketFailure('fd' in at ? `Failed to listen on fd ${at.fd}` : `Failed to bind socket to ${at.path}`, error)),
      );
      monitor.#server.listen(at, resolve);
    });
    return monitor;
  }

  /** Resolves when the first client is there. */
  get connected(): Promise<void> {
    return this.#connected;
  }

  tell(event: JsonRecord): void {
    this.#current?.tell(event);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const ended = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const socket of this.#waiting.splice(0)) socket.destroy();
    this.#current?.leave();
    await ended;
    this.#client.namedFds.closeAll();
  }

  #serveNext(): void {
    if (this.#current !== undefined || this.#closed) return;
    const socket = this.#waiting.shift();
    if (socket === undefined) return;
    socket.once('close', () => {
      this.#current = undefined;
      this.#serveNext();
    });
    this.#current = new SocketClient(this.#system, socket, this.#client);
    this.#markConnected();
  }
}
