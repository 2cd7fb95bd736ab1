import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { engineName } from '../../src/launch/find-engine.ts';
import { takesArgument } from '../../src/options/qemu-option.ts';
import { QEMU_OPTIONS } from '../../src/options/qemu-options-table.ts';
import { PROGRAM, startCommand } from './run.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'vmattach-launcher-'));
afterAll(() => rmSync(folder, { recursive: true }));

const writeScript = (file: string, text: string): string => {
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
};

const inFolder = (name: string): string => {
  const created = path.join(folder, name);
  mkdirSync(created);
  return created;
};

const PRINT_WORDS = String.raw`printf '%s\0' "$@"`;
const engine = writeScript(path.join(folder, 'qemu'), PRINT_WORDS);

/** In this PATH a Node says that it was started, and nothing else is there. */
const nodeFolder = inFolder('node');
writeScript(path.join(nodeFolder, 'node'), 'echo node');

const launch = async (words: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  startCommand(PROGRAM, words, { env: { VMATTACH_QEMU: engine, PATH: nodeFolder, ...env } }).ended;

const printed = (words: readonly string[]): string => words.map((word) => `${word}\0`).join('');

/** What management layers start to ask a QEMU what it can do. */
const PROBE = [
  ...['-S', '-no-user-config', '-nodefaults', '-nographic', '-machine', 'none,accel=kvm:tcg'],
  ...['-qmp', 'unix:/tmp/qmp.monitor,server=on,wait=off', '-pidfile', '/tmp/qmp.pid', '-daemonize'],
];

/** The options in the shell's patterns, by whether the pattern goes on to the next option without an argument. */
const listedOptions = (): { readonly name: string; readonly takes: boolean }[] => {
  const [, patterns = ''] = /case \$1 in\n([\s\S]*?)\n *\*\) return 1/.exec(readFileSync(PROGRAM, 'utf8')) ?? [];
  const branches = patterns.split(/;;\n/);
  return branches.flatMap((branch) => {
    const [pattern = ''] = branch.trimStart().split(')');
    return [...pattern.matchAll(/(?<=^|[\s|])-(\w[\w-]*)/g)].map(([, name = '']) => ({
      name,
      takes: !branch.includes('continue'),
    }));
  });
};

describe('the options that are QEMU’s alone', () => {
  test('are many', () => expect(listedOptions().length).toBeGreaterThan(50));

  test.each(listedOptions())('-$name takes an argument: $takes, as in the table of options', ({ name, takes }) => {
    const option = QEMU_OPTIONS.find((row) => row.name === name);
    expect(option === undefined ? undefined : takesArgument(option)).toBe(takes);
  });
});

describe('a plain command line goes to QEMU as it is, without Node', () => {
  test.each([
    { words: PROBE },
    { words: ['-S'] },
    { words: ['-machine', 'q35', '-accel', 'tcg', '-append', '-S -- x', '-kernel', 'a  b', '-display', 'none'] },
    { words: ['-m', 'size=2097152k', '-smp', '2,sockets=2', '-device', '{"driver":"virtio-rng-pci","id":"rng0"}', '-m', '64M'] },
    { words: ['-name', 'a\nb*', '-append', '$HOME `id`'] },
  ])('$words', async ({ words }) => {
    expect(await launch(words)).toEqual({ status: 0, signal: null, stderr: '', stdout: printed(words) });
  });
});

describe('what may concern vmattach goes to Node', () => {
  test.each([
    { words: [] },
    { words: ['-nodefualts'] },
    { words: ['-display'] },
    { words: ['-S', '-device', 'vfio-pci,host=01:00.0'] },
    { words: ['-device', String.raw`{"driver":"vf\u0069o-pci"}`] },
    { words: ['-object', 'iommufd,id=i'] },
    { words: ['-S', '--check'] },
    { words: ['-S', '--qemu', engine] },
    { words: ['-machine', 'bare'] },
    { words: ['-M', 'type=bare'] },
    { words: ['-m', 'x'] },
    { words: ['-m', '64X'] },
    { words: ['-smp', '0'] },
    { words: ['-readconfig', 'file'] },
    { words: ['-device', 'help'] },
    { words: ['-device', 'virtio-rng-pci,?'] },
    { words: ['-help'] },
    { words: ['disk.img'] },
    { words: ['plan', '-S'] },
    { words: ['-append', ''] },
  ])('$words', async ({ words }) => {
    expect(await launch(words)).toMatchObject({ status: 0, stdout: 'node\n' });
  });
});

describe('the engine', () => {
  const own = engineName(process.arch);

  test('is looked for in PATH, and is never vmattach itself', async () => {
    const [linked, real] = [inFolder('linked'), inFolder('real')];
    symlinkSync(PROGRAM, path.join(linked, own));
    writeScript(path.join(real, own), PRINT_WORDS);
    const env = { VMATTACH_QEMU: '', PATH: [linked, real, nodeFolder].join(':') };
    expect(await launch(PROBE, env)).toMatchObject({ status: 0, stdout: printed(PROBE) });
  });

  test.each([['-version'], ['--help'], ['-machine', 'help'], ['-device', 'virtio-rng-pci,help']])(
    'answers %s %s under its own name',
    async (...words) => {
      const [named, real] = [inFolder(`named${words.join('')}`), inFolder(`real${words.join('')}`)];
      symlinkSync(PROGRAM, path.join(named, own));
      writeScript(path.join(real, own), PRINT_WORDS);
      const env = { VMATTACH_QEMU: '', PATH: [named, real, nodeFolder].join(':') };
      expect((await startCommand(path.join(named, own), words, { env }).ended).stdout).toBe(printed(words));
      expect((await launch(words, env)).stdout).toBe('node\n');
    },
  );

  test.each([
    { what: 'is absent', VMATTACH_QEMU: '' },
    { what: 'is no absolute path', VMATTACH_QEMU: 'qemu' },
    { what: 'cannot be executed', VMATTACH_QEMU: path.join(folder, 'absent') },
    { what: 'is vmattach', VMATTACH_QEMU: PROGRAM },
  ])('where it $what, Node says why', async ({ VMATTACH_QEMU }) => {
    expect(await launch(PROBE, { VMATTACH_QEMU })).toMatchObject({ status: 0, stdout: 'node\n' });
  });
});

describe('the stored code', () => {
  test.each(['plan', 'bare', 'engine'])('of profile %s fits this Node and this build', async (profile) => {
    const load = `require('./bin/vmattach').load(require('node:path').resolve('dist/main.cjs'), '${profile}').script.cachedDataRejected`;
    expect((await startCommand(process.execPath, ['-p', load]).ended).stdout).toBe('false\n');
  });
});

describe('without what it runs on', () => {
  test('Node: the cause and the fix are said', async () => {
    const { status, stderr } = await launch(['plan'], { PATH: inFolder('nothing') });
    expect({ status, stderr }).toEqual({
      status: 127,
      stderr:
        'vmattach: node: not found\n  cause: vmattach runs on Node.js, and no folder of PATH has it\n  fix: install Node.js 20.19 or later\n',
    });
  });

  test('its build: the fix is said', async () => {
    const bin = inFolder('bin');
    copyFileSync(PROGRAM, path.join(bin, 'vmattach'));
    const { status, stderr } = await startCommand(path.join(bin, 'vmattach'), ['plan']).ended;
    expect({ status, stderr }).toEqual({ status: 1, stderr: 'vmattach: it is not built yet\n  fix: npm run build\n' });
  });
});
