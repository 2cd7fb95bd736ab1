import { chmodSync, mkdtempSync, openSync, closeSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { expectClearError } from './expect-error.ts';
import { run, runShell, start } from './run.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'vmattach-engine-'));
afterAll(() => rmSync(folder, { recursive: true }));

const script = (name: string, body: string): string => {
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/bash\n${body}\n`);
  chmodSync(file, 0o755);
  return file;
};

/** Stands in for QEMU: says what it was started with. */
const echo = script('qemu', String.raw`printf '%s\0' "$@"`);
const state = script(
  'state',
  String.raw`exec </dev/null
echo "pid $$"; echo fds; ls /proc/$$/fd; grep -E '^Threads' /proc/$$/status; grep -E '^(SigBlk|SigIgn|SigCgt)' /proc/self/status; echo "files $(ulimit -Sn)"
tr '\0' '\n' </proc/$$/environ | grep MARK; exit 7`,
);

/** What a launch hands to its engine. */
const handed = async (args: readonly string[]): Promise<string[]> => {
  const { stdout, stderr, status } = await run(['--qemu', echo, ...args]);
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout.split('\0').slice(0, -1);
};

describe('the engine gets the command line', () => {
  test.each([
    [
      [
        '-machine',
        'none',
        '-S',
        '-no-user-config',
        '-nodefaults',
        '-nographic',
        '-qmp',
        'unix:/tmp/x,server=on,wait=off',
        '-daemonize',
      ],
    ],
    [['-machine', 'q35,accel=kvm:tcg', '--smp', '2', 'disk image.qcow2', '-append', 'console=ttyS0 "quoted" $HOME `x` *']],
    [['-name', '', '-object', '{"qom-type":"secret","id":"s0","data":"ü"}', '-device', 'virtio-net-pci,mac=52:54:00:00:00:01']],
  ])('word for word: %o', async (argv) => {
    expect(await handed(argv)).toEqual(argv);
  });

  test('also where it asks for help on a device that only the engine has', async () => {
    expect(await handed(['-device', 'virtio-rng-pci,help'])).toEqual(['-device', 'virtio-rng-pci,help']);
  });

  test('and says the warnings about it, once', async () => {
    expect(await handed(['-msg', 'timestamp', '-S'])).toEqual(['-msg', 'timestamp', '-S']);
    const { stderr } = await run(['--qemu', echo, '-msg', 'timestamp', '-object', 'iommufd,id=1']);
    expect(stderr.match(/warning: short-form boolean option 'timestamp' deprecated/g)).toHaveLength(1);
  });

  test('without the options of vmattach', async () => {
    expect(
      await handed(['--default-backend=iommufd', '-S', '--log-level', 'silent', '--enable-backends', 'iommufd', 'a.img']),
    ).toEqual(['-S', 'a.img']);
  });

  test('of any length that execve takes', async () => {
    const words = Array.from({ length: 200 }, (_, index) => ['-device', `virtio-rng-pci,id=rng${index}`]).flat();
    expect(await handed(words)).toEqual(words);
  });
});

describe('the process of the engine', () => {
  test('is that of vmattach, with the streams, signals, limits and descriptors that a shell would have given', async () => {
    const file = openSync('/dev/zero', 'r');
    const line = (program: string): string =>
      `ulimit -Sn 1000; exec 9</dev/zero 23>/dev/null; ${program} | cat; exit "\${PIPESTATUS[0]}"`;
    const plain = await runShell(line(`bash -c 'exec ${state} -S'`), { env: { MARK: 'ü' } });
    const ours = await runShell(line(`bash -c 'exec $VMATTACH --qemu ${state} -S'`), { env: { MARK: 'ü' } });
    closeSync(file);
    const comparable = (text: string): string => text.replace(/^pid \d+$/m, 'pid');
    expect(comparable(ours.stdout)).toBe(comparable(plain.stdout));
    expect(ours.stdout).toMatch(/^fds\n0\n1\n2\n23\n(?:\d+\n)*9\n/m);
    expect(ours.stdout).toContain('files 1000');
    expect(ours.status).toBe(7);
  });

  test('has the pid of vmattach', async () => {
    const running = start(['--qemu', state, '-S']);
    const { stdout } = await running.ended;
    expect(stdout).toContain(`pid ${running.child.pid}\n`);
  });

  test('is not started when something stands against the launch', async () => {
    const marker = script('marker', `touch ${folder}/started`);
    const { status, stderr } = await run(['--qemu', marker, '-device', 'vfio-pci,host=ffff:ff:1f.7']);
    expect(status).toBe(1);
    expect(stderr).toContain('no such host device');
    expect(await runShell(`test -e ${folder}/started`)).toMatchObject({ status: 1 });
  });
});

describe('an engine that cannot be used', () => {
  const named = (file: string, content: string): string => {
    const name = path.join(folder, file);
    writeFileSync(name, content);
    chmodSync(name, 0o755);
    return name;
  };

  test.each([
    ['is not there', '/nonexistent/qemu', "no VMM engine for machine type 'pc'"],
    ['is no program', named('text', 'hello'), `cannot execute ${path.join(folder, 'text')}: Exec format error`],
  ])('because it %s', async (_, qemu, message) => {
    expectClearError(await run(['--qemu', qemu, '-S']), message);
  });

  test('because it has no iommufd', async () => {
    const old = named('old', '\x7FELF without the name');
    expectClearError(await run(['--qemu', old, '-object', 'iommufd,id=i0', '-S']), `${old} has no iommufd`);
  });

  test('because the host is a model', async () => {
    expectClearError(
      await run(['--host-model', 'examples/hosts/workstation.json', '--qemu', echo, '-S']),
      '--host-model examples/hosts/workstation.json: -machine pc cannot run on the host of a model',
    );
  });
});

test('--dry-run shows the command line of the engine, which a shell takes', async () => {
  const argv = ['-machine', 'q35', '-append', "it's $HOME", '-device', '{"driver":"virtio-rng-pci"}'];
  const { stdout, status } = await run(['--dry-run', '--qemu', echo, ...argv]);
  expect(status).toBe(0);
  const command = stdout.slice(stdout.indexOf('engine:\n') + 'engine:\n'.length, stdout.indexOf('the command line goes'));
  expect((await runShell(command)).stdout.split('\0').slice(0, -1)).toEqual(argv);
});

describe('a descriptor of a kind that Node makes for itself as well', () => {
  const lister = script('lister', 'ls /proc/$$/fd');
  const both = 'exec 30< <(:) ; exec 9</dev/null 20</dev/null';

  const numbersOf = async (line: string): Promise<number[]> =>
    (await runShell(`${both}; exec $VMATTACH --qemu ${lister} ${line}`)).stdout.trim().split('\n').map(Number);

  test('stays where it cannot be the runtime that opened it', async () => {
    expect(await numbersOf('-S')).toContain(20);
  });

  test.each([
    '-netdev tap,id=n,fd=9',
    '-add-fd fd=9,set=1',
    `-chardev '{"fd":"9"}' -netdev tap,id=n,vhostfds=8:9`,
    '-drive file=/dev/fd/9',
  ])('stays where an option names it: %s', async (line) => {
    expect(await numbersOf(`-S ${line.replace(/-chardev '[^']*' /, '')}`)).toContain(9);
  });
});
