import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { closeSocket, sendNode, sendText } from '../kernel-api/peer-socket.ts';
import { QmpConnection } from './qmp-connection.ts';
import { start, WORKSTATION, type Running } from './run.ts';

const MIB = 1024 * 1024;
const CLIENTS = 100;
const FLOOD = 10 * MIB;

let folder: string;
let socket: string;
let other: string;
let program: Running;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'vmattach-clients-'));
  socket = path.join(folder, 'a');
  other = path.join(folder, 'b');
  program = start(
    [
      ...['-machine', 'bare', '-m', '8M', '--host-model', WORKSTATION],
      ...['-qmp', `unix:${socket},server=on,wait=off`, '-qmp', `unix:${other},server=on,wait=off`],
    ],
    { timeout: 120_000 },
  );
  await program.saw('0 devices attached');
});
afterEach(async () => {
  program.child.kill('SIGTERM');
  expect((await program.ended).status).toBe(0);
  rmSync(folder, { recursive: true });
});

const pid = (): number => program.child.pid ?? 0;
const openFds = (): number => readdirSync(`/proc/${pid()}/fd`).length;
const residentKib = (): number => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid()}/status`, 'utf8'))?.[1]);

/** Answers, whatever the other clients do. */
const answers = async (at: string): Promise<void> => {
  const connection = await QmpConnection.open(at);
  expect(await connection.run('query-status')).toHaveProperty('return');
  connection.close();
};

/** How many are open when nobody is connected: native code is loaded by the first client. */
const idleFds = async (): Promise<number> => {
  for (const at of [socket, other]) await answers(at);
  await new Promise((resolve) => setTimeout(resolve, 100));
  return openFds();
};

const settled = async (fds: number): Promise<void> => {
  while (openFds() > fds) await new Promise((resolve) => setTimeout(resolve, 10));
};

/** What a client does before it is gone. */
const MISDEEDS: readonly (readonly [string, (client: QmpConnection) => Promise<void>])[] = [
  ['vanishes', () => Promise.resolve()],
  ['sends half a message', async (client) => client.send('{"execute":"query-sta')],
  ['sends half a UTF-8 character', async (client) => client.send(Buffer.from('{"execute":"\u00e4').subarray(0, -1))],
  ['asks and does not wait', async (client) => client.send('{"execute":"qmp_capabilities"}{"execute":"query-qmp-schema"}')],
  ['opens brackets', async (client) => client.send('['.repeat(2000))],
  ['sends garbage', async (client) => client.send(Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7919) % 256)))],
];

/** What comes with fds that no command takes. */
const TEXTS_WITH_FDS = [
  '{"execute":"query-sta',
  '{"execute":"getfd","arguments":{"fdname":"1"}}',
  '}{',
  '{"execute":"add-fd"}',
] as const;

describe('a monitor and its clients', () => {
  test(`${CLIENTS} bad clients at once: each is let go, and the next is served`, { timeout: 120_000 }, async () => {
    const fds = await idleFds();
    const clients = Array.from({ length: CLIENTS }, async (_, index) => {
      const [, misbehave] = MISDEEDS[index % MISDEEDS.length] ?? [];
      const client = await QmpConnection.connect(socket);
      await misbehave?.(client);
      await new Promise((resolve) => setTimeout(resolve, 20));
      client.close();
    });
    await Promise.all(clients);
    await answers(other);
    await settled(fds);
    expect(openFds()).toBe(fds);
    await answers(socket);
  });

  test.each(MISDEEDS)('one that %s does not hold up the other monitor, nor the next client', async (_name, misbehave) => {
    const fds = await idleFds();
    const client = await QmpConnection.connect(socket);
    await misbehave(client);
    await answers(other);
    client.close();
    await answers(socket);
    await settled(fds);
  });

  test(
    'one that floods 10 MB of one string is not read beyond the limits, and the session goes on',
    { timeout: 120_000 },
    async () => {
      await answers(other);
      const before = residentKib();
      const client = await QmpConnection.open(socket);
      const chunk = Buffer.alloc(64 * 1024, 'x');
      client.send('{"execute":"');
      for (let sent = 0; sent < FLOOD; sent += chunk.length) {
        if (!client.socket.write(chunk)) await new Promise((resolve) => client.socket.once('drain', resolve));
      }
      await answers(other);
      client.send('"}');
      expect(await client.reply()).toMatchObject({ error: { class: 'CommandNotFound' } });
      expect(await client.run('query-status')).toHaveProperty('return');
      client.close();
      await answers(socket);
      // The text is held once while it is read, and some copies of it until memory is collected.
      expect(residentKib() - before).toBeLessThan((8 * FLOOD) / 1024);
    },
  );

  test('one that floods 10 MB of commands and reads no reply is made to wait', { timeout: 120_000 }, async () => {
    await answers(other);
    const before = residentKib();
    const client = await QmpConnection.connect(socket);
    client.socket.pause();
    const commands = Buffer.from('{"execute":"qmp_capabilities"}'.concat('{"execute":"query-qmp-schema"}'.repeat(2000)));
    let stuck = false;
    for (let sent = 0; sent < FLOOD && !stuck; sent += commands.length) {
      if (!client.socket.write(commands)) {
        stuck = await Promise.race([
          new Promise<false>((resolve) => client.socket.once('drain', () => resolve(false))),
          new Promise<true>((resolve) => setTimeout(() => resolve(true), 1000)),
        ]);
      }
    }
    expect(stuck).toBe(true);
    await answers(other);
    client.close();
    await answers(socket);
    expect(residentKib() - before).toBeLessThan(100 * 1024);
  });

  test('100 clients leave no fd of those that they sent', { timeout: 120_000 }, async () => {
    const fds = await idleFds();
    for (let round = 0; round < CLIENTS; round += 1) {
      const client = await QmpConnection.connect(socket);
      await client.next();
      sendNode(client.socket, TEXTS_WITH_FDS[round % TEXTS_WITH_FDS.length] ?? '', '/dev/zero', 1 + (round % 20));
      client.close();
    }
    await answers(socket);
    await settled(fds);
    expect(openFds()).toBe(fds);
  });

  test('one that sends 1 MiB of garbage and closes without reading is let go, and the next is answered', async () => {
    const fds = await idleFds();
    const client = net.connect(socket).pause();
    await new Promise<void>((resolve) => client.once('connect', resolve));
    await sendText(client, '?'.repeat(MIB));
    expect(client.bytesRead).toBe(0);
    await closeSocket(client);
    await answers(socket);
    await settled(fds);
    expect(openFds()).toBe(fds);
  });
});
