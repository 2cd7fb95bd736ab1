import { closeSync, openSync } from 'node:fs';
import net, { type Socket } from 'node:net';
import { libc as loadLibc } from '../../src/kernel/linux/libc.ts';
import { memoryCalls } from '../../src/kernel/linux/memory.ts';
import { socketFd } from '../../src/kernel/linux/socket-handle.ts';
import { systemCall } from '../../src/kernel/linux/system-call.ts';

// struct msghdr (64-bit), one iovec, a cmsghdr with the fds, the bytes.
const MESSAGE = { iov: 16, iovLength: 24, control: 32, controlLength: 40, size: 56 } as const;
const IOVEC = MESSAGE.size;
const CONTROL = IOVEC + 16;
const CONTROL_HEADER = 16;
const FD_SIZE = 4;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_NOSIGNAL = 0x4000;

/** Sends bytes with fds as one message; there may be more fds than a receiver has room for. */
const sendFds = (socket: Socket, text: string, fds: readonly number[]): void => {
  const libc = loadLibc();
  const number = socketFd(socket);
  if (number === undefined) throw new Error('the socket has no fd');
  const data = Buffer.from(text);
  const controlLength = CONTROL_HEADER + fds.length * FD_SIZE;
  const dataStart = CONTROL + Math.ceil(controlLength / 8) * 8;
  const { address, bytes: memory } = memoryCalls(libc).allocate(dataStart + data.length);
  const view = new DataView(memory.buffer, memory.byteOffset, memory.length);
  view.setBigUint64(MESSAGE.iov, address + BigInt(IOVEC), true);
  view.setBigUint64(MESSAGE.iovLength, 1n, true);
  view.setBigUint64(MESSAGE.control, address + BigInt(CONTROL), true);
  view.setBigUint64(MESSAGE.controlLength, BigInt(controlLength), true);
  view.setBigUint64(IOVEC, address + BigInt(dataStart), true);
  view.setBigUint64(IOVEC + 8, BigInt(data.length), true);
  view.setBigUint64(CONTROL, BigInt(controlLength), true);
  view.setInt32(CONTROL + 8, SOL_SOCKET, true);
  view.setInt32(CONTROL + 12, SCM_RIGHTS, true);
  for (const [index, fd] of fds.entries()) view.setInt32(CONTROL + CONTROL_HEADER + index * FD_SIZE, fd, true);
  memory.set(data, dataStart);
  const sent = systemCall(libc, 'sendmsg', `fd ${number}`, () => libc.sendmsg(number, address, MSG_NOSIGNAL));
  // Touching the memory after the call keeps it until the kernel has read it.
  memory.fill(0);
  if (Number(sent) !== data.length) throw new Error(`${sent} of ${data.length} bytes were sent`);
};

/** Opens a node as often as `count` says, and sends the fds along with the text. */
export const sendNode = (socket: Socket, text: string, node: string, count = 1): void => {
  const fds = Array.from({ length: count }, () => openSync(node, 'r+'));
  try {
    sendFds(socket, text, fds);
  } finally {
    for (const fd of fds) closeSync(fd);
  }
};

/** Sends bytes with nothing but them; they are with the kernel when this ends. */
export const sendText = (socket: Socket, text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.write(text, (error) => (error ? reject(error) : resolve()));
  });

/** Closes at once, whatever is unread. */
export const closeSocket = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.once('close', () => resolve()).destroy();
  });

/** How many bytes come until the other end closes. */
export const countReceived = (socket: Socket): Promise<number> =>
  new Promise((resolve) => {
    let length = 0;
    if (socket.destroyed) resolve(length);
    socket
      .once('close', () => resolve(length))
      .on('data', (chunk) => {
        length += chunk.length;
      })
      .resume();
  });

/** A server of one client. */
export interface Broker<T> {
  /** What the conversation came to, when all of its sockets are closed. */
  readonly said: Promise<T>;
}

/** Listens, and talks to the first client, of whom nothing is read before `talk` does. */
export const startBroker = async <T>(path: string, talk: (client: Socket) => T | Promise<T>): Promise<Broker<T>> => {
  const server = net.createServer({ pauseOnConnect: true });
  const connection = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const converse = async (): Promise<T> => {
    const client = (await connection).on('error', () => undefined);
    const closed = new Promise<unknown>((resolve) => void server.close(resolve));
    try {
      return await talk(client);
    } finally {
      client.destroy();
      await closed;
    }
  };
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return { said: converse() };
};
