import { mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { expectClearError } from './expect-error.ts';
import { QmpConnection } from './qmp-connection.ts';
import { run, runShell, start, WORKSTATION, type Running } from './run.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'vmattach-qmp-'));
const socket = path.join(folder, 'qmp');
afterAll(() => rmSync(folder, { recursive: true }));

let program: Running;
beforeEach(async () => {
  program = start(['-machine', 'bare', '-m', '8M', '--host-model', WORKSTATION, '-qmp', `unix:${socket},server=on,wait=off`]);
  await program.saw('0 devices attached');
});
afterEach(async () => {
  program.child.kill('SIGTERM');
  await program.ended;
});

const qmp = (...words: readonly string[]) => run(['qmp', ...words]);
const filesOf = (pid: number): readonly string[] =>
  readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));

describe('vmattach qmp', () => {
  test('prints the reply in a line', async () => {
    expect(await qmp(socket, 'query-status')).toMatchObject({
      status: 0,
      stdout: '{"return": {"status": "running", "running": true}}\n',
      stderr: '',
    });
  });

  test('a long reply in many lines, with 64-bit integers as they are', async () => {
    const { stdout } = await qmp(socket, 'query-qmp-schema');
    expect(stdout.split('\n').length).toBeGreaterThan(100);
    expect(JSON.parse(stdout)).toHaveProperty('return');
  });

  test('an error reply is status 1', async () => {
    expect(await qmp(socket, 'nosuch')).toMatchObject({
      status: 1,
      stdout: '{"error": {"class": "CommandNotFound", "desc": "The command nosuch has not been found"}}\n',
    });
  });

  test('sends a file with --open, and what the shell opened with --fd', async () => {
    expect(await qmp(socket, 'getfd', '{"fdname": "one"}', '--open', '/dev/zero')).toMatchObject({ status: 0 });
    const passed = await runShell(`"$VMATTACH" qmp ${socket} getfd '{"fdname": "two"}' --fd 9 9</dev/full`);
    expect(passed).toMatchObject({ status: 0, stdout: '{"return": {}}\n' });
    expect(filesOf(program.child.pid ?? 0)).toEqual(expect.arrayContaining(['/dev/zero', '/dev/full']));
    expect(await qmp(socket, 'closefd', '{"fdname": "one"}')).toMatchObject({ status: 0 });
  });

  test('waits for an event', async () => {
    await qmp(socket, 'device_add', '{"driver": "vfio-pci", "id": "net0", "host": "0000:06:00.0"}');
    const { stdout } = await qmp(socket, 'device_del', '{"id": "net0"}', '--wait', 'DEVICE_DELETED');
    expect(stdout).toContain('"data": {"device": "net0", "path": "/machine/peripheral/net0"}');
  });

  test('says that it waits for another client', async () => {
    const other = await QmpConnection.open(socket);
    const waiting = start(['qmp', socket, 'query-status']);
    await waiting.saw('serves one client at a time');
    other.close();
    expect((await waiting.ended).status).toBe(0);
  });

  test('gives up in time', async () => {
    const other = await QmpConnection.open(socket);
    expectClearError(await qmp(socket, 'query-status', '--timeout', '0.2'), /no greeting came from '.*' within 0\.2 s/);
    other.close();
    const { status, stderr } = await qmp(socket, 'query-status', '--wait', 'NEVER', '--timeout', '0.5');
    expect({ status, stderr }).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/no event NEVER came from '.*' within 0\.5 s\n {2}cause: the command was answered/),
    });
    expect((await qmp(socket, 'query-status', '--timeout', '10')).status).toBe(0);
  });

  test('says that the machine is gone', async () => {
    const deaf = net.createServer((client) => client.end('{"QMP": {}}\r\n'));
    const gone = path.join(folder, 'gone');
    await new Promise<void>((resolve) => void deaf.listen(gone, resolve));
    expectClearError(await qmp(gone, 'query-status'), /closed the connection|Lost the connection/);
    deaf.close();
  });

  test('says that something else talks there', async () => {
    const chatty = net.createServer((client) => client.end('220 mail ready\r\n'));
    const mail = path.join(folder, 'mail');
    await new Promise<void>((resolve) => void chatty.listen(mail, resolve));
    expectClearError(await qmp(mail, 'query-status'), /does not talk QMP|closed the connection/);
    chatty.close();
  });

  test.each([
    [[socket], "missing required argument 'command'"],
    [[socket, 'a', '{}', 'b'], 'too many arguments. Expected 3 arguments but got 4'],
    [[socket, 'a', '{'], 'JSON parse error, premature EOI'],
    [[socket, 'a', '[]'], 'this is no JSON object'],
    [[socket, '{"execute":"quit"}'], 'this is a message, and not the name of a command'],
    [[socket, 'getfd', '--fd', 'x'], "Invalid file descriptor number 'x'"],
    [[socket, 'getfd', '--fd', '250'], 'fd 250 is not open'],
    [[socket, 'getfd', '--open', '/nonexistent/x'], "cannot open '/nonexistent/x'"],
    [[socket, 'getfd', '--open', '/dev/zero', '--fd', '9'], '--fd and --open name two files'],
    [[socket, 'query-status', '--timeout', '0'], "'0' is no number of seconds"],
    [[socket, 'query-status', '--timeout', 'soon'], "'soon' is no number of seconds"],
    [['/nonexistent/q', 'query-status'], "Failed to connect to '/nonexistent/q': No such file or directory"],
  ])('%j is refused', async (words, message) => {
    const outcome = await qmp(...words);
    expect(outcome.status).toBe(1);
    expect(outcome.stderr).toContain(message);
  });
});

describe('--preconfig', () => {
  const NIC = '0000:06:00.0';
  const waiting = async (devices: readonly string[]) => {
    const at = path.join(folder, 'preconfig');
    const options = ['-machine', 'bare', '-m', '8M', '--host-model', WORKSTATION, '--preconfig', ...devices];
    const started = start([...options, '-qmp', `unix:${at},server=on,wait=off`]);
    await started.saw('0 devices attached');
    return { started, client: await QmpConnection.open(at) };
  };

  test('attaches the devices when the client says so', async () => {
    const devices = [
      '-object',
      'iommufd,id=i',
      '-device',
      `vfio-pci,id=a,host=${NIC},iommufd=i`,
      '-device',
      'vfio-pci,id=b,host=0000:01:00.0',
    ];
    const { started, client } = await waiting(devices);
    expect(await client.run('qom-list', { path: '/machine/peripheral' })).toEqual({ return: [{ name: 'type', type: 'string' }] });
    expect(await client.run('x-exit-preconfig')).toEqual({ return: {} });
    expect(await client.run('query-status')).toEqual({ return: { status: 'running', running: true } });
    const { return: devicesNow } = await client.run('qom-list', { path: '/machine/peripheral' });
    expect(devicesNow).toHaveLength(3);
    client.close();
    started.child.kill('SIGTERM');
    expect((await started.ended).status).toBe(0);
  });

  test('is over once', async () => {
    const { started, client } = await waiting(['-device', `vfio-pci,id=a,host=${NIC}`]);
    expect((await client.run('device_add', { driver: 'vfio-pci', host: NIC })).error?.desc).toContain('permitted only after');
    expect(await client.run('x-exit-preconfig')).toEqual({ return: {} });
    expect((await client.run('x-exit-preconfig')).error?.desc).toBe('The command is permitted only before machine initialization');
    client.close();
    started.child.kill('SIGTERM');
    expect((await started.ended).status).toBe(0);
  });
});
