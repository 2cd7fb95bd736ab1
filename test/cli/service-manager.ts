import koffi, { type KoffiFunc } from 'koffi';
import { linuxFdCalls } from '../../src/kernel/linux/fd-calls.ts';
import { libc as loadLibc } from '../../src/kernel/linux/libc.ts';
import { openMessageSocket } from '../../src/kernel/linux/message-socket.ts';
import { systemCall } from '../../src/kernel/linux/system-call.ts';
import { PROGRAM, startCommand, type Running } from './run.ts';

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const BACKLOG = 5;
/** ms between two looks at a socket. */
const INTERVAL = 10;

type Bind = KoffiFunc<(fd: number, address: Uint8Array, length: number) => number>;
type Listen = KoffiFunc<(fd: number, backlog: number) => number>;

/** struct sockaddr_un. @param name a path, or an abstract name after `@` */
const socketAddress = (name: string): Uint8Array =>
  Buffer.concat([Uint8Array.of(AF_UNIX, 0), Buffer.from(name.replace(/^@/, '\0'))]);

/** A unix socket that Node knows nothing of. */
const bindSocket = (name: string, type: number): number => {
  const libc = loadLibc();
  const bind: Bind = koffi.load(null).func('bind', 'int', ['int', 'const void *', 'uint']);
  const fd = systemCall(libc, 'socket', name, () => libc.socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  const address = socketAddress(name);
  systemCall(libc, 'bind', name, () => bind(fd, address, address.length));
  return fd;
};

/** Listens without accepting: whoever connects waits. */
export const listenOn = (path: string): number => {
  const listen: Listen = koffi.load(null).func('listen', 'int', ['int', 'int']);
  const fd = bindSocket(path, SOCK_STREAM);
  systemCall(loadLibc(), 'listen', path, () => listen(fd, BACKLOG));
  return fd;
};

/** What a service tells its manager. */
export interface Notifications {
  /** The next datagram. */
  next(): Promise<string>;
  close(): void;
}

/** @param name what `$NOTIFY_SOCKET` is to be */
export const receiveNotifications = (name: string): Notifications => {
  const fd = bindSocket(name, SOCK_DGRAM);
  const socket = openMessageSocket(fd, 0, () => undefined);
  return {
    next: async () => {
      for (;;) {
        const message = socket.receive();
        if (message !== undefined) return Buffer.from(message.bytes).toString();
        await new Promise((resolve) => setTimeout(resolve, INTERVAL));
      }
    },
    close: () => {
      socket.close();
      linuxFdCalls.close(fd);
    },
  };
};

/** Starts the program as a service that is activated by a socket. @param listening its fd here; the name is `monitor` */
export const startService = (listening: number, notify: string, args: readonly string[]): Running =>
  startCommand('sh', ['-c', 'export LISTEN_PID=$$; exec "$@"', 'sh', process.execPath, PROGRAM, ...args], {
    fds: [listening],
    env: { LISTEN_FDS: '1', LISTEN_FDNAMES: 'monitor', NOTIFY_SOCKET: notify },
  });
