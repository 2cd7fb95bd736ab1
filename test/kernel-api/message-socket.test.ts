import { fstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { MessageSocket, ReceivedMessage } from '../../src/kernel/fd-calls.ts';
import { linuxFdCalls } from '../../src/kernel/linux/fd-calls.ts';
import { openMessageSocket } from '../../src/kernel/linux/message-socket.ts';
import { socketFd } from '../../src/kernel/linux/socket-handle.ts';
import { closeSocket, sendNode, sendText } from './peer-socket.ts';

/** What the peer sends: a text alone, or one that comes with as many fds. */
type Sent = string | readonly [text: string, fds: number];

interface Received {
  readonly text: string;
  readonly fds: number;
  readonly truncated: boolean;
}

const folder = mkdtempSync(path.join(tmpdir(), 'vmattach-socket-'));
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});
afterAll(() => rmSync(folder, { recursive: true }));

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

const openFds = (): number => readdirSync('/proc/self/fd').length;

/** Reads a socket; the watch ends before the worker that runs the tests does. */
const open = (socket: net.Socket, onArrival = (): void => undefined): MessageSocket => {
  const messages = openMessageSocket(socketFd(socket) ?? -1, '}'.charCodeAt(0), onArrival);
  cleanups.unshift(() => messages.close());
  return messages;
};

/** A socket whose peer has sent all of it and is gone. */
const connect = async (sent: readonly Sent[]): Promise<net.Socket> => {
  const file = path.join(folder, `${cleanups.length}-${Math.random()}`);
  const server = net.createServer({ pauseOnConnect: true });
  await new Promise<void>((resolve) => server.listen(file, resolve));
  const connection = new Promise<net.Socket>((resolve) => server.once('connection', resolve));
  const peer = net.connect(file);
  await new Promise<void>((resolve) => peer.once('connect', resolve));
  for (const message of sent) {
    if (typeof message === 'string') await sendText(peer, message);
    else sendNode(peer, message[0], '/dev/null', message[1]);
  }
  await closeSocket(peer);
  const socket = await connection;
  cleanups.push(() => {
    socket.destroy();
    server.close();
  });
  return socket;
};

const summary = ({ bytes, fds, truncated }: ReceivedMessage): Received => ({
  text: Buffer.from(bytes).toString(),
  fds: fds.length,
  truncated,
});

const plain = (text: string): Received => ({ text, fds: 0, truncated: false });

const receiveAll = (socket: MessageSocket): readonly Received[] => {
  const all: Received[] = [];
  for (;;) {
    const message = socket.receive();
    if (message === undefined) throw new Error('the stream has no end');
    for (const fd of message.fds) {
      expect(fstatSync(fd).isCharacterDevice()).toBe(true);
      linuxFdCalls.close(fd);
    }
    if (message.bytes.length === 0) return all;
    const last = all.at(-1);
    const received = summary(message);
    // Where plain bytes are cut is the kernel's business.
    if (received.fds > 0 || last === undefined || last.fds > 0) all.push(received);
    else all[all.length - 1] = plain(last.text + received.text);
  }
};

describe('MessageSocket receives bytes and the fds that came with them', () => {
  test.each<{ name: string; sent: readonly Sent[]; received: readonly Received[] }>([
    { name: 'bytes alone', sent: ['one', 'two'], received: [plain('onetwo')] },
    { name: 'one fd', sent: [['one', 1]], received: [{ text: 'one', fds: 1, truncated: false }] },
    { name: '16 fds', sent: [['one', 16]], received: [{ text: 'one', fds: 16, truncated: false }] },
    {
      name: '20 fds, of which 4 are lost',
      sent: [['one', 20]],
      received: [{ text: 'one', fds: 16, truncated: true }],
    },
    {
      name: 'fds never come before messages that were sent earlier',
      sent: ['{1}', '{2}', ['{3', 2], '}{4}'],
      received: [plain('{1}{2}'), { text: '{3', fds: 2, truncated: false }, plain('}{4}')],
    },
    {
      name: 'two messages with fds stay apart',
      sent: [
        ['first', 1],
        ['second', 2],
      ],
      received: [
        { text: 'first', fds: 1, truncated: false },
        { text: 'second', fds: 2, truncated: false },
      ],
    },
    {
      name: 'a message that is longer than one receive has its fds with its first byte',
      sent: ['{1}', ['x'.repeat(100_000), 1]],
      received: [plain('{1}'), { text: 'x'.repeat(32_768), fds: 1, truncated: false }, plain('x'.repeat(67_232))],
    },
  ])('$name', async ({ sent, received }) => {
    await connect([]).then((first) => open(first));
    for (const cleanup of cleanups.splice(0)) cleanup();
    await settle();
    const before = openFds();
    const socket = await connect(sent);
    const messages = open(socket);
    expect(receiveAll(messages)).toEqual(received);
    for (const cleanup of cleanups.splice(0)) cleanup();
    messages.close();
    await settle();
    expect(openFds()).toBe(before);
  });

  test('it is told of arrivals, and not while it is paused', async () => {
    const socket = await connect(['one']);
    let arrivals = 0;
    const messages = open(socket, () => {
      arrivals += 1;
    });
    messages.pause();
    await settle();
    expect(arrivals).toBe(0);
    messages.resume();
    await settle();
    expect(arrivals).toBeGreaterThan(0);
  });

  test('received fds are close-on-exec', async () => {
    const socket = await connect([['one', 1]]);
    const messages = open(socket);
    const [fd = -1] = messages.receive()?.fds ?? [];
    expect(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')).toMatch(/^flags:\s*02\d{6}$/m);
    linuxFdCalls.close(fd);
  });
});
