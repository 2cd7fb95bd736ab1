import net from 'node:net';
import { connectUnix } from '../kernel/connect-unix.ts';
import type { OpenableAddress } from './chardev-spec.ts';
import type { JsonRecord } from './json-text.ts';
import { checkSocketFd } from './listening-monitor.ts';
import type { Monitor } from './monitor.ts';
import { NamedFds } from './named-fds.ts';
import { SocketClient, type ClientSystem } from './socket-client.ts';
import { socketFailure } from '../kernel/socket-failure.ts';

/** Most who leave `server=on` out mean it. */
const NOBODY_LISTENS = {
  cause: 'without server=on the monitor connects to a client that listens on that path',
  fixes: ['server=on,wait=off behind the path makes vmattach listen there'],
};

const connect = (path: string): Promise<net.Socket> =>
  new Promise((resolve, reject) => {
    const socket = connectUnix(path);
    // Before Node reads, and loses the fds.
    socket.pause();
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error) => reject(socketFailure(`Failed to connect to '${path}'`, error, NOBODY_LISTENS)));
  });

const adopt = (fd: number): net.Socket => {
  checkSocketFd(fd);
  return new net.Socket({ fd, readable: false, writable: true });
};

/** A monitor whose one client listens, or is connected already: when it leaves, there is no other. */
export class ConnectedMonitor implements Monitor {
  readonly #client: SocketClient;
  readonly #closed: Promise<void>;

  private constructor(client: SocketClient, closed: Promise<void>) {
    this.#client = client;
    this.#closed = closed;
  }

  /** @throws VmattachError when nobody listens */
  static async connect(system: ClientSystem, to: OpenableAddress, pretty: boolean): Promise<ConnectedMonitor> {
    const socket = 'fd' in to ? adopt(to.fd) : await connect(to.path);
    const namedFds = new NamedFds();
    const closed = new Promise<void>((resolve) => {
      socket.once('close', resolve);
    });
    const client = new SocketClient(system, socket, { namedFds, pretty });
    return new ConnectedMonitor(
      client,
      closed.then(() => namedFds.closeAll()),
    );
  }

  tell(event: JsonRecord): void {
    this.#client.tell(event);
  }

  async close(): Promise<void> {
    this.#client.leave();
    await this.#closed;
  }
}
