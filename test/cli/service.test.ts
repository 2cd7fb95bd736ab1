import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { PROGRAM, ROOT, run, WORKSTATION } from './run.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'vmattach-service-'));
afterAll(() => rmSync(folder, { recursive: true }));

let socket: string;
let count = 0;
beforeEach(() => {
  socket = path.join(folder, `qmp${(count += 1)}`);
});

const BARE = ['-machine', 'bare', '-m', '8M', '--host-model', WORKSTATION];

/**
 * Does what systemd does for a socket unit and a service of Type=notify: listens, starts the program, waits for READY=1. A client has
 * connected before there is a program. Then that client asks and says `quit`; every answer and notification is printed.
 */
const MANAGER = `
import os, socket, sys
path, notify, *argv = sys.argv[1:]
listening = socket.socket(socket.AF_UNIX); listening.bind(path); listening.listen(5)
told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); told.settimeout(10)
told.bind('\\0' + notify[1:] if notify.startswith('@') else notify)
early = socket.socket(socket.AF_UNIX); early.settimeout(10); early.connect(path)
pid = os.fork()
if pid == 0:
  os.dup2(listening.fileno(), 3); os.set_inheritable(3, True)
  os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1', LISTEN_FDNAMES='monitor', NOTIFY_SOCKET=notify)
  os.execv(argv[0], argv)
print(told.recv(100).decode().split('\\n')[0])
early.sendall(b'{"execute":"qmp_capabilities"}{"execute":"query-chardev"}{"execute":"quit"}')
print(early.makefile().read().replace('\\r', ''))
print(told.recv(100).decode())
print(os.waitpid(pid, 0)[1])
`;

const manage = (notify: string, args: readonly string[]): Promise<string> =>
  new Promise((resolve) => {
    const child = spawn('python3', ['-c', MANAGER, socket, notify, process.execPath, PROGRAM, ...BARE, ...args], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.once('close', () => resolve(said));
  });

const ways = [
  ['by name', () => ['-chardev', 'socket,id=c,fd=@monitor,server=on,wait=off', '-mon', 'chardev=c,mode=control']],
  ['by number', () => ['-chardev', 'socket,id=c,fd=3,server=on,wait=off', '-mon', 'chardev=c,mode=control']],
  ['by the path it is bound to', () => ['-qmp', `unix:${socket},server=on,wait=off`]],
] as const;

describe('a socket that the service manager listens on', () => {
  test.each(ways)('is a monitor, %s, and keeps who waits there', async (_name, args) => {
    const said = await manage(path.join(folder, `notify${count}`), args());
    expect(said).toMatch(/^READY=1$/m);
    expect(said).toContain('"QMP"');
    expect(said).toContain('"frontend-open": true');
    expect(said).toMatch(/\nSTOPPING=1\n0\n$/);
    expect(existsSync(socket)).toBe(true);
  });
});

describe('$NOTIFY_SOCKET', () => {
  test('may be an abstract name', async () => {
    const said = await manage(`@vmattach-test-${process.pid}`, [
      '-chardev',
      'socket,id=c,fd=3,server=on,wait=off',
      '-mon',
      'c,mode=control',
    ]);
    expect(said).toMatch(/^READY=1$/m);
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
