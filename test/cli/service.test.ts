import { closeSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { run, WORKSTATION } from './run.ts';
import { listenOn, receiveNotifications, startService } from './service-manager.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'vmattach-service-'));
afterAll(() => rmSync(folder, { recursive: true }));

let socket: string;
let count = 0;
beforeEach(() => {
  socket = path.join(folder, `qmp${(count += 1)}`);
});

const BARE = ['-machine', 'bare', '-m', '8M', '--host-model', WORKSTATION];

/** What the manager and a client of the monitor heard. */
interface Heard {
  readonly first: string;
  readonly answers: string;
  readonly last: string;
  readonly status: number | null;
}

/**
 * Does what systemd does for a socket unit and a service of Type=notify: listens, starts the program, waits for READY=1. A client has
 * connected before there is a program. Then that client asks and says `quit`.
 */
const manage = async (notify: string, args: readonly string[]): Promise<Heard> => {
  const listening = listenOn(socket);
  const notifications = receiveNotifications(notify);
  const early = net.connect(socket).setEncoding('utf8');
  await new Promise<void>((resolve) => early.once('connect', resolve));
  const { ended } = startService(listening, notify, [...BARE, ...args]);
  closeSync(listening);
  const first = await notifications.next();
  early.write('{"execute":"qmp_capabilities"}{"execute":"query-chardev"}{"execute":"quit"}');
  let answers = '';
  for await (const text of early) answers += String(text);
  const last = await notifications.next();
  const { status } = await ended;
  notifications.close();
  return { first, answers, last, status };
};

const ways = [
  ['by name', () => ['-chardev', 'socket,id=c,fd=@monitor,server=on,wait=off', '-mon', 'chardev=c,mode=control']],
  ['by number', () => ['-chardev', 'socket,id=c,fd=3,server=on,wait=off', '-mon', 'chardev=c,mode=control']],
  ['by the path it is bound to', () => ['-qmp', `unix:${socket},server=on,wait=off`]],
] as const;

describe('a socket that the service manager listens on', () => {
  test.each(ways)('is a monitor, %s, and keeps who waits there', async (_name, args) => {
    const { first, answers, last, status } = await manage(path.join(folder, `notify${count}`), args());
    expect(first).toMatch(/^READY=1$/m);
    expect(answers).toContain('"QMP"');
    expect(answers).toContain('"frontend-open": true');
    expect({ last, status }).toEqual({ last: 'STOPPING=1', status: 0 });
    expect(existsSync(socket)).toBe(true);
  });
});

describe('$NOTIFY_SOCKET', () => {
  test('may be an abstract name', async () => {
    const { first } = await manage(`@vmattach-test-${process.pid}`, [
      '-chardev',
      'socket,id=c,fd=3,server=on,wait=off',
      '-mon',
      'c,mode=control',
    ]);
    expect(first).toMatch(/^READY=1$/m);
  });

  test('that nobody reads is worth a warning, not a failure', async () => {
    const outcome = await run([...BARE, '-qmp', 'stdio'], {
      input: '{"execute":"qmp_capabilities"}{"execute":"quit"}',
      env: { NOTIFY_SOCKET: path.join(folder, 'nobody') },
    });
    expect(outcome.status).toBe(0);
    expect(outcome.stderr).toContain('warning: the service manager was not told READY=1');
  });
});
