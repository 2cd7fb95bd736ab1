import { existsSync, fstatSync, lstatSync, unlinkSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { failure, type VmattachError } from '../errors/problem.ts';
import { errnoNumber } from '../kernel/errno.ts';
import { PATH_SIZE, type OpenableAddress } from './chardev-spec.ts';
import { isListenedOn } from '../host/socket-path.ts';
import { SystemCallError } from '../kernel/system-call-error.ts';
import type { JsonRecord } from './json-text.ts';
import type { Monitor } from './monitor.ts';
import { NamedFds } from './named-fds.ts';
import { SocketClient, type ClientSystem } from './socket-client.ts';
import { socketFailure } from '../kernel/socket-failure.ts';

/** Connections that wait for their turn; what comes on top is refused. */
const MOST_CONNECTIONS = 128;

/**
 * A socket that is left from an earlier run is in the way of bind(2); other files are none of our business. QEMU also takes that of a
 * machine which runs, and nobody can reach it any more.
 */
const removeSocket = (file: string): void => {
  if (lstatSync(file, { throwIfNoEntry: false })?.isSocket() !== true) return;
  if (isListenedOn(file)) {
    throw failure('FILE', `Failed to bind socket to ${file}: Address already in use`, {
      cause: 'another process listens there, and nobody could reach it any more',
      fixes: ['use another path', 'ss -xlp names the process: end it'],
    });
  }
  try {
    unlinkSync(file);
  } catch (error) {
    throw socketFailure(`Failed to unlink socket ${file}`, error);
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

/** Node removes the socket in the end, when the working folder may be another. A path that is too long that way stays relative. */
const lastingPath = (given: string): string => {
  const absolute = path.resolve(given);
  return Buffer.byteLength(absolute) < PATH_SIZE ? absolute : given;
};

/** Node says that permission is denied where the folder is missing. */
const listenFailure = (at: OpenableAddress, error: Error): VmattachError => {
  if ('fd' in at) return socketFailure(`Failed to listen on fd ${at.fd}`, error);
  const what = `Failed to bind socket to ${at.path}`;
  const folder = path.dirname(at.path);
  return existsSync(folder)
    ? socketFailure(what, error, {
        cause: `vmattach makes the socket in ${folder}`,
        fixes: ['name a folder that this user may write to'],
      })
    : socketFailure(what, new SystemCallError('bind', errnoNumber('ENOENT'), at.path), {
        cause: `the folder ${folder} does not exist`,
        fixes: [`mkdir -p ${folder}`],
      });
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
  static async listen(system: ClientSystem, at: OpenableAddress, pretty: boolean): Promise<ListeningMonitor> {
    if ('fd' in at) checkSocketFd(at.fd);
    else removeSocket(at.path);
    const place = 'fd' in at ? at : { path: lastingPath(at.path) };
    const monitor = new ListeningMonitor(system, pretty);
    await new Promise<void>((resolve, reject) => {
      monitor.#server.once('error', (error) => reject(listenFailure(at, error)));
      monitor.#server.listen(place, resolve);
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
