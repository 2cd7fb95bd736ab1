import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { linuxFdCalls } from '../../src/kernel/linux/fd-calls.ts';
import { linuxFdSources } from '../../src/kernel/linux/fd-sources.ts';
import { openMessageSocket } from '../../src/kernel/linux/message-socket.ts';
import { stopEvent } from '../../src/monitor/machine-events.ts';
import { readMonitors } from '../../src/monitor/monitor-spec.ts';
import { startMonitors, type Monitors } from '../../src/monitor/start-monitors.ts';
import { scanArgv } from '../../src/options/scan-argv.ts';
import { words } from '../plan/planning.ts';
import { QmpConnection } from '../cli/qmp-connection.ts';
import { COMMANDS } from './session.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'vmattach-monitors-'));
afterAll(() => rmSync(folder, { recursive: true }));

let one: string;
let two: string;
let count = 0;
let quits: number;
let waits: number;
let monitors: Monitors | undefined;
let stop: AbortController;
let streams: { readonly input: PassThrough; readonly output: PassThrough };

beforeEach(() => {
  count += 1;
  [one, two] = [path.join(folder, `one${count}`), path.join(folder, `two${count}`)];
  [quits, waits] = [0, 0];
  stop = new AbortController();
  streams = { input: new PassThrough(), output: new PassThrough() };
});
afterEach(async () => {
  await monitors?.close();
  monitors = undefined;
});

const start = async (line: string): Promise<Monitors> => {
  monitors = await startMonitors(
    readMonitors(scanArgv(words(line)).options),
    {
      version: '1.0.0',
      commands: COMMANDS,
      events: [],
      isPreconfig: () => false,
      quit: () => {
        quits += 1;
      },
      onEvent: () => undefined,
    },
    {
      fdCalls: linuxFdCalls,
      fdSources: linuxFdSources(),
      openMessageSocket,
      boundPath: () => undefined,
      streams,
      onWait: () => {
        waits += 1;
      },
      stop: stop.signal,
    },
  );
  return monitors;
};

const ready = async (line: string): Promise<void> => (await start(line)).ready();
const listening = (socket: string): string => `-qmp unix:${socket},server=on,wait=off`;

describe('monitors', () => {
  test('greet at once, and answer when the machine is ready', async () => {
    const started = await start(listening(one));
    const connection = await QmpConnection.connect(one);
    expect(await connection.next()).toHaveProperty('QMP');
    connection.send('{"execute":"qmp_capabilities"}');
    let answered = false;
    const reply = connection.next().then((message) => {
      answered = true;
      return message;
    });
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(answered).toBe(false);
    started.ready();
    expect(await reply).toEqual({ return: {} });
  });

  test('tell events to all clients that have negotiated', async () => {
    await ready(`${listening(one)} ${listening(two)}`);
    const clients = await Promise.all([QmpConnection.open(one), QmpConnection.open(two)]);
    monitors?.emit(stopEvent());
    for (const client of clients) {
      expect(await client.next()).toMatchObject({
        event: 'STOP',
        timestamp: { seconds: expect.any(Number), microseconds: expect.any(Number) },
      });
    }
  });

  test('serve one client after another; each negotiates anew', async () => {
    await ready(listening(one));
    const first = await QmpConnection.open(one);
    const second = await QmpConnection.connect(one);
    const greeting = second.next();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(await first.run('query-name')).toEqual({ return: {} });
    first.close();
    expect(await greeting).toHaveProperty('QMP');
    expect(await second.run('query-name')).toMatchObject({ error: { class: 'CommandNotFound' } });
  });

  test('quit says so to all, and what comes after it is not answered', async () => {
    await ready(`${listening(one)} ${listening(two)}`);
    const [client, other] = await Promise.all([QmpConnection.open(one), QmpConnection.open(two)]);
    client.send('{"execute":"quit","id":1}{"execute":"query-name","id":2}');
    expect(await client.next()).toMatchObject({ event: 'SHUTDOWN', data: { guest: false, reason: 'host-qmp-quit' } });
    expect(await client.next()).toEqual({ return: {}, id: 1 });
    expect(await other.next()).toMatchObject({ event: 'SHUTDOWN' });
    expect(quits).toBe(1);
    const closed = new Promise((resolve) => void client.socket.once('close', resolve));
    await monitors?.close();
    await closed;
    expect(existsSync(one)).toBe(false);
  });

  test('with wait=on the start waits for a client, unless it is stopped', async () => {
    const starting = start(`-qmp unix:${one},server=on`);
    while (!existsSync(one)) await new Promise(setImmediate);
    expect(waits).toBe(1);
    const client = await QmpConnection.connect(one);
    await starting;
    client.close();
    const stopped = start(`-qmp unix:${two},server=on`);
    while (!existsSync(two)) await new Promise(setImmediate);
    stop.abort(new Error('enough'));
    await expect(stopped).rejects.toThrow('enough');
    expect(existsSync(two)).toBe(false);
  });

  test('on stdio speak on the standard streams', async () => {
    await ready('-qmp stdio');
    streams.output.setEncoding('utf8');
    streams.input.write('{"execute":"qmp_capabilities"}{"execute":"query-name","id":7}');
    let said = '';
    for await (const text of streams.output) {
      said += String(text);
      if (said.includes('"id": 7')) break;
    }
    expect(said.split('\r\n').slice(1, 3)).toEqual(['{"return": {}}', '{"return": {}, "id": 7}']);
  });

  test('connect to who listens', async () => {
    const server = net.createServer();
    await new Promise<void>((resolve) => void server.listen(one, resolve));
    const greeted = new Promise<string>((resolve) => {
      server.once('connection', (socket) => socket.once('data', (text: Buffer) => resolve(text.toString())));
    });
    await ready(`-qmp unix:${one}`);
    expect(await greeted).toContain('"QMP"');
    server.close();
  });

  test('take over a socket that is left, but no other file, and not that of a process that listens', async () => {
    const program = `require('node:net').createServer().listen(${JSON.stringify(one)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', program]);
    expect(existsSync(one)).toBe(true);
    await start(listening(one));
    await expect(start(listening(one))).rejects.toMatchObject({
      problem: {
        message: `Failed to bind socket to ${one}: Address already in use`,
        cause: 'another process listens there, and nobody could reach it any more',
      },
    });
    expect(existsSync(one)).toBe(true);
    await expect(start(listening('package.json'))).rejects.toMatchObject({
      problem: { message: 'Failed to bind socket to package.json: Address already in use' },
    });
  });

  test.each([
    ['-qmp unix:/nonexistent/q,server=on', 'Failed to bind socket to /nonexistent/q: No such file or directory'],
    ['-qmp unix:/nonexistent/q', "Failed to connect to '/nonexistent/q': No such file or directory"],
    ['-chardev socket,id=c,fd=250,server=on -mon c,mode=control', "File descriptor '250' is not a socket"],
    ['-chardev socket,id=c,fd=@x,server=on -mon c,mode=control', "no file descriptor is named 'x'"],
  ])('%s: %s', async (line, message) => {
    await expect(start(`${listening(one)} ${line}`)).rejects.toMatchObject({
      problem: { message, location: expect.stringContaining('-') },
    });
    expect(existsSync(one)).toBe(false);
  });
});
