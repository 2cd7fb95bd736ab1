import { spawn, type ChildProcess } from 'node:child_process';
import { fstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { MessageSocket, ReceivedMessage } from '../../src/kernel/fd-calls.ts';
import { linuxFdCalls } from '../../src/kernel/linux/fd-calls.ts';
import { openMessageSocket } from '../../src/kernel/linux/message-socket.ts';

/** Sends what a script in Python says over `s`, a socket that is connected here; `fds(n)` opens files. */
const PEER = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
def fds(n): return [os.open('/dev/null', os.O_RDWR) for _ in range(n)]
def send(text, n=0):
  if n: socket.send_fds(s, [text], fds(n))
  else: s.sendall(text)
exec(sys.argv[2])
s.close()
`;

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

const fdOf = (socket: net.Socket): number => {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null || !('fd' in handle) || typeof handle.fd !== 'number') throw new Error('no fd');
  return handle.fd;
};

/** Reads a socket; the watch ends before the worker that runs the tests does. */
const open = (socket: net.Socket, onArrival = (): void => undefined): MessageSocket => {
  const messages = openMessageSocket(fdOf(socket), '}'.charCodeAt(0), onArrival);
  cleanups.unshift(() => messages.close());
  return messages;
};

/** Runs the script as the peer; everything it sends has arrived when this ends. */
const connect = async (script: string): Promise<net.Socket> => {
  const file = path.join(folder, `${cleanups.length}-${Math.random()}`);
  const server = net.createServer({ pauseOnConnect: true });
  await new Promise<void>((resolve) => server.listen(file, resolve));
  const child: ChildProcess = spawn('python3', ['-c', PEER, file, script], { stdio: 'inherit' });
  const [socket] = await Promise.all([
    new Promise<net.Socket>((resolve) => server.once('connection', resolve)),
    new Promise((resolve) => child.once('close', resolve)),
  ]);
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
  test.each<{ name: string; script: string; received: readonly Received[] }>([
    { name: 'bytes alone', script: `send(b'one'); send(b'two')`, received: [plain('onetwo')] },
    { name: 'one fd', script: `send(b'one', 1)`, received: [{ text: 'one', fds: 1, truncated: false }] },
    { name: '16 fds', script: `send(b'one', 16)`, received: [{ text: 'one', fds: 16, truncated: false }] },
    {
      name: '20 fds, of which 4 are lost',
      script: `send(b'one', 20)`,
      received: [{ text: 'one', fds: 16, truncated: true }],
    },
    {
      name: 'fds never come before messages that were sent earlier',
      script: `send(b'{1}'); send(b'{2}'); send(b'{3', 2); send(b'}{4}')`,
      received: [plain('{1}{2}'), { text: '{3', fds: 2, truncated: false }, plain('}{4}')],
    },
    {
      name: 'two messages with fds stay apart',
      script: `send(b'first', 1); send(b'second', 2)`,
      received: [
        { text: 'first', fds: 1, truncated: false },
        { text: 'second', fds: 2, truncated: false },
      ],
    },
    {
      name: 'a message that is longer than one receive has its fds with its first byte',
      script: `send(b'{1}'); send(b'x' * 100000, 1)`,
      received: [plain('{1}'), { text: 'x'.repeat(32_768), fds: 1, truncated: false }, plain('x'.repeat(67_232))],
    },
  ])('$name', async ({ script, received }) => {
    await connect('').then((first) => open(first));
    for (const cleanup of cleanups.splice(0)) cleanup();
    await settle();
    const before = openFds();
    const socket = await connect(script);
    const messages = open(socket);
    expect(receiveAll(messages)).toEqual(received);
    for (const cleanup of cleanups.splice(0)) cleanup();
    messages.close();
    await settle();
    expect(openFds()).toBe(before);
  });

  test('it is told of arrivals, and not while it is paused', async () => {
    const socket = await connect(`send(b'one')`);
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
    const socket = await connect(`send(b'one', 1)`);
    const messages = open(socket);
    const [fd = -1] = messages.receive()?.fds ?? [];
    expect(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')).toMatch(/^flags:\s*02\d{6}$/m);
    linuxFdCalls.close(fd);
  });
});
