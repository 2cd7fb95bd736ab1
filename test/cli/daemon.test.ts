import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { expectClearError } from './expect-error.ts';
import { QmpConnection } from './qmp-connection.ts';
import { run, start, WORKSTATION } from './run.ts';

const BARE = ['-machine', 'bare', '-m', '8M', '--host-model', WORKSTATION];

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`);

const gone = async (pid: number): Promise<void> => {
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
};

let folder: string;
let socket: string;
let pidFile: string;
const daemons = new Set<number>();

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'vmattach-daemon-'));
  socket = path.join(folder, 'qmp');
  pidFile = path.join(folder, 'pid');
});
afterEach(async () => {
  for (const pid of daemons) {
    if (isAlive(pid)) process.kill(pid);
    await gone(pid);
  }
  daemons.clear();
  rmSync(folder, { recursive: true });
});

const readPid = (): number => {
  const text = readFileSync(pidFile, 'utf8');
  expect(text).toMatch(/^\d+\n$/);
  daemons.add(Number(text));
  return Number(text);
};

const monitor = (): string => `unix:${socket},server=on,wait=off`;

describe('-daemonize', () => {
  test('returns when the monitor accepts, and leaves a process of its own behind', async () => {
    const outcome = await run([...BARE, '-daemonize', '-pidfile', pidFile, '-qmp', monitor()]);
    // Nothing waits here: libvirt connects at once and does not try again.
    const connection = await QmpConnection.connect(socket);
    expect(outcome).toMatchObject({ status: 0, stderr: '' });
    const pid = readPid();
    expect(await connection.next()).toHaveProperty('QMP');
    expect([0, 1, 2].map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))).toEqual(['/dev/null', '/dev/null', '/dev/null']);
    expect(readlinkSync(`/proc/${pid}/cwd`)).toBe('/');
    const [, , , session] = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    expect(Number(session)).toBe(pid);
    await connection.run('qmp_capabilities');
    expect(await connection.run('quit')).toEqual({ return: {} });
    await gone(pid);
    expect([existsSync(socket), existsSync(pidFile)]).toEqual([false, false]);
  });

  test('keeps inherited fds under their numbers', async () => {
    const fd = openSync('/dev/zero', 'r+');
    const file = openSync(path.join(folder, 'file'), 'w');
    await run([...BARE, '-daemonize', '-pidfile', pidFile, '-add-fd', 'fd=5,set=1'], { fds: [fd, file, fd] });
    for (const opened of [fd, file]) closeSync(opened);
    const pid = readPid();
    expect(readlinkSync(`/proc/${pid}/fd/3`)).toBe('/dev/zero');
    expect(readlinkSync(`/proc/${pid}/fd/4`)).toBe(path.join(folder, 'file'));
  });

  test.each([
    ['-qmp', 'unix:/nonexistent/x,server=on,wait=off', 'Failed to bind socket to /nonexistent/x: No such file or directory'],
    ['-qmp', 'stdio', 'cannot use stdio with -daemonize'],
    ['-device', 'vfio-pci,host=0000:ff:00.0', 'vfio 0000:ff:00.0: no such host device'],
    ['-object', 'iommufd,id=i,fd=250', 'fd 250 is not open'],
  ])('%s %s: status 1, and the reason', async (option, value, reason) => {
    const outcome = await run([...BARE, '-daemonize', option, value]);
    expect(outcome.status).toBe(1);
    expect(outcome.stderr).toContain(reason.replace('vfio 0000', ''));
  });

  test('a warning is said once', async () => {
    const { stderr } = await run([...BARE, '-daemonize', '-pidfile', pidFile, '-overcommit', 'cpu-pm']);
    readPid();
    expect(stderr.match(/deprecated/g)).toHaveLength(1);
  });

  test('a try is over before there is something to go to the background', async () => {
    const outcome = await run([...BARE, '-daemonize', '--check']);
    expect(outcome).toMatchObject({ status: 0 });
    expect(outcome.stdout).toContain('0 devices attached');
  });
});

describe('-pidfile', () => {
  test('names the process while it runs, for its owner alone, and is gone afterwards', async () => {
    const program = start([...BARE, '-pidfile', pidFile]);
    await program.saw('0 devices attached');
    expect(readPid()).toBe(program.child.pid);
    expect(statSync(pidFile).mode & 0o777).toBe(0o600);
    program.child.kill('SIGTERM');
    expect((await program.ended).status).toBe(0);
    expect(existsSync(pidFile)).toBe(false);
  });

  test('of a process that runs is refused, and left as it is', async () => {
    const program = start([...BARE, '-pidfile', pidFile]);
    await program.saw('0 devices attached');
    const pid = readPid();
    expectClearError(
      await run([...BARE, '-pidfile', pidFile]),
      'cannot create PID file: Cannot lock pid file: Resource temporarily unavailable',
    );
    expect(readPid()).toBe(pid);
  });

  test('of a process that was killed is taken over', async () => {
    const killed = start([...BARE, '-pidfile', pidFile]);
    await killed.saw('0 devices attached');
    killed.child.kill('SIGKILL');
    await killed.ended;
    expect(existsSync(pidFile)).toBe(true);
    expect((await run([...BARE, '-pidfile', pidFile, '--check'])).status).toBe(0);
    expect(existsSync(pidFile)).toBe(false);
  });

  test('is gone after a failure too', async () => {
    const outcome = await run([...BARE, '-pidfile', pidFile, '-qmp', 'unix:/nonexistent/x,server=on,wait=off']);
    expect(outcome.status).toBe(1);
    expect(existsSync(pidFile)).toBe(false);
  });

  test('in a folder that is not there says so', async () => {
    expectClearError(
      await run([...BARE, '-pidfile', '/nonexistent/pid']),
      'cannot create PID file: Cannot open pid file: No such file or directory',
    );
  });
});
