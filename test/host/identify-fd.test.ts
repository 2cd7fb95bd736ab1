import { buildSync } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { classifyFd, identifyFd } from '../../src/host/identify-fd.ts';
import type { FdFacts, FdKind } from '../../src/host/model.ts';
import type { FdObservation } from '../../src/host/observe-fd.ts';
import { createSystemFiles } from '../../src/host/system-files.ts';
import { fakeTree, type Entry } from './fake-tree.ts';

const HOST = path.resolve(import.meta.dirname, '../../src/host');

interface Answer {
  readonly facts: FdFacts;
  readonly runtime: boolean;
}

/** A program that says of each fd number in its arguments what it is: what vmattach does first of all. */
const PROGRAM = `
import { identifyFd } from '${HOST}/identify-fd.ts';
import { isRuntimeFd } from '${HOST}/runtime-fds.ts';
const numbers = process.argv.slice(2).map(Number);
const facts = numbers.map((number) => ({ facts: identifyFd(number), runtime: isRuntimeFd(number) }));
process.stdout.write(JSON.stringify(facts));
`;

let folder = '';
let program = '';

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'identify-fd-'));
  program = path.join(folder, 'program.cjs');
  buildSync({
    stdin: { contents: PROGRAM, resolveDir: HOST, loader: 'ts' },
    bundle: true,
    format: 'cjs',
    platform: 'node',
    outfile: program,
  });
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Starts a real Node process from a shell with the given redirections and asks it about fds. */
const ask = (redirections: string, numbers: readonly number[]): Answer[] => {
  const command = `exec "$0" "$1" ${numbers.join(' ')} ${redirections}`;
  const { stdout, stderr } = spawnSync('bash', ['-c', command, process.execPath, program], { encoding: 'utf8', cwd: folder });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Answer[];
};

describe.skipIf(!existsSync('/proc/self/fdinfo'))('identifyFd in a real child process', () => {
  it.each<[FdKind, string]>([
    ['character', '22</dev/null'],
    ['character', '22<>/dev/zero'],
    ['regular', '22<program.cjs'],
    ['directory', '22<.'],
    ['pipe', '22< <(exec sleep 1 2>/dev/null)'],
    ['closed', '22<&-'],
  ])('%s: %s', (kind, redirection) => {
    expect(ask(redirection, [22])).toMatchObject([{ facts: { kind } }]);
  });

  it('socket: an end of a socket pair', () => {
    const stdio = [...Array.from({ length: 9 }, () => 'ignore' as const), 'pipe' as const];
    const { stdout } = spawnSync(process.execPath, [program, '9'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore', ...stdio.slice(3)],
    });
    expect(JSON.parse(stdout)).toMatchObject([
      { facts: { kind: 'socket', target: expect.stringMatching(/^socket:/) }, runtime: false },
    ]);
  });

  it.skipIf(!existsSync('/sys/class/misc/kvm'))('kvm: by its device number, whatever the path it was opened by', ({ skip }) => {
    try {
      closeSync(openSync('/dev/kvm', 'r+'));
    } catch (error) {
      skip(`/dev/kvm cannot be opened here: ${String(error)}`);
    }
    expect(ask('22<>/dev/kvm', [22])).toMatchObject([{ facts: { kind: 'kvm' } }]);
  });

  it('gives target and device number', () => {
    expect(ask('22</dev/null', [22])).toMatchObject([{ facts: { target: '/dev/null', device: '1:3' } }]);
  });

  it('keeps a closed number closed although files are opened and closed in between', () => {
    expect(ask('22<&- 23</dev/null', [23, 22, 23, 22]).map(({ facts }) => facts.kind)).toEqual([
      'character',
      'closed',
      'character',
      'closed',
    ]);
  });
});

describe.skipIf(!existsSync('/proc/self/fdinfo'))('isRuntimeFd in a real child process', () => {
  const LOW = Array.from({ length: 16 }, (_, index) => index + 3);

  it('is true of every fd that Node opened by itself, and of no closed number', () => {
    const answers = ask(LOW.map((number) => `${number}<&-`).join(' '), LOW);
    const open = answers.filter(({ facts }) => facts.kind !== 'closed');
    expect(open.length).toBeGreaterThan(3);
    expect(open.filter(({ runtime }) => !runtime)).toEqual([]);
    expect(answers.filter(({ facts, runtime }) => facts.kind === 'closed' && runtime)).toEqual([]);
  });

  it.each<[string, boolean, string]>([
    ['a file', false, '22<program.cjs'],
    ['a pipe whose other end is elsewhere', false, '22< <(exec sleep 1 2>/dev/null)'],
    ['/dev/null for reading and writing', false, '22<>/dev/null'],
    ['/dev/null for reading at a number that Node does not mark', false, '22</dev/null'],
    ['a closed number', false, '22<&-'],
  ])('%s: %s', (_, expected, redirection) => {
    expect(ask(redirection, [22])).toMatchObject([{ runtime: expected }]);
  });

  it('is true of /dev/null for reading at a low number, which cannot be told from the one of libuv', () => {
    expect(ask('9</dev/null', [9])).toMatchObject([{ runtime: true }]);
  });

  it('is false of standard input from /dev/null', () => {
    expect(ask('0</dev/null', [0])).toMatchObject([{ runtime: false }]);
  });
});

describe('identifyFd', () => {
  it.each([999_999, 2 ** 30])('says closed of %i', (number) => {
    expect(identifyFd(number)).toEqual({ kind: 'closed' });
  });

  it('asks sysfs about the number of the device, not its path', () => {
    const number = openSync('/dev/null', 'r');
    onTestFinished(() => closeSync(number));
    const root = fakeTree({ 'sys/dev/char/1:3': { link: '../../devices/pci0000:00/0000:00:01.0/0000:01:00.0/vfio-dev/vfio0' } });
    expect(identifyFd(number, root)).toEqual({ kind: 'vfio-cdev', address: '0000:01:00.0', target: '/dev/null', device: '1:3' });
  });

  it('looks at the file itself when there is no sysfs', () => {
    const file = path.join(folder, 'plain');
    writeFileSync(file, '');
    const number = openSync(file, 'r');
    onTestFinished(() => closeSync(number));
    expect(identifyFd(number, fakeTree({ dev: { folder: true } })).kind).toBe('regular');
  });
});

describe('classifyFd', () => {
  const character = (device: string, target: string): FdObservation => ({ type: 'character', device, target });
  const link = (device: string, target: string): Record<string, Entry> => ({ [`sys/dev/char/${device}`]: { link: target } });

  it.each<[string, Partial<FdFacts>, FdObservation, Record<string, Entry>]>([
    ['iommufd', { kind: 'iommufd' }, character('10:126', '/dev/iommu'), link('10:126', '../../devices/virtual/misc/iommu')],
    [
      'container',
      { kind: 'vfio-container' },
      character('10:196', '/dev/vfio/vfio'),
      link('10:196', '../../devices/virtual/misc/vfio'),
    ],
    [
      'group',
      { kind: 'vfio-group', group: 12 },
      character('243:0', '/dev/vfio/12'),
      link('243:0', '../../devices/virtual/vfio/12'),
    ],
    [
      'group without IOMMU',
      { kind: 'vfio-group' },
      character('243:0', '/dev/vfio/noiommu-0'),
      link('243:0', '../../devices/virtual/vfio/noiommu-0'),
    ],
    [
      'cdev of a mediated device',
      { kind: 'vfio-cdev', address: '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001' },
      character('511:1', '/dev/vfio/devices/vfio1'),
      link('511:1', '../../devices/virtual/mtty/mtty/83b8f4f2-509f-382f-3c1e-e6bfe0fa1001/vfio-dev/vfio1'),
    ],
    [
      'another misc device',
      { kind: 'character' },
      character('10:200', '/dev/net/tun'),
      link('10:200', '../../devices/virtual/misc/tun'),
    ],
    [
      'a node named like iommufd that is something else',
      { kind: 'character' },
      character('1:3', '/dev/iommu'),
      link('1:3', '../../devices/virtual/mem/null'),
    ],
    ['container without sysfs', { kind: 'vfio-container' }, character('10:196', '/some/where'), {}],
    [
      'iommufd by the number of its node, without sysfs',
      { kind: 'iommufd' },
      character('1:3', '/some/where'),
      { 'dev/iommu': { link: '/dev/null' } },
    ],
    [
      'kvm by the number of its node, without sysfs',
      { kind: 'kvm' },
      character('1:3', '/some/where'),
      { 'dev/kvm': { link: '/dev/null' } },
    ],
    [
      'cdev by fdinfo alone',
      { kind: 'vfio-cdev', address: '0000:e8:00.0' },
      { ...character('511:7', '/dev/vfio/devices/vfio7'), vfioPath: '/sys/devices/pci0000:e0/0000:e0:01.1/0000:e8:00.0' },
      {},
    ],
    [
      'a device that came from a group',
      { kind: 'other', address: '0000:e8:00.0' },
      { type: 'other', target: 'anon_inode:[vfio-device]', vfioPath: '/sys/devices/pci0000:e0/0000:e0:01.1/0000:e8:00.0' },
      {},
    ],
    ['memfd', { kind: 'memfd' }, { type: 'regular', target: '/memfd:guest-ram (deleted)' }, {}],
    ['epoll', { kind: 'eventpoll' }, { type: 'other', target: 'anon_inode:[eventpoll]' }, {}],
    ['eventfd', { kind: 'eventfd' }, { type: 'other', target: 'anon_inode:[eventfd]' }, {}],
    ['KVM virtual machine', { kind: 'other' }, { type: 'other', target: 'anon_inode:kvm-vm' }, {}],
    ['a file, without /proc', { kind: 'regular' }, { type: 'regular' }, {}],
  ])('%s', (_, expected, observation, entries) => {
    const facts = classifyFd(observation, createSystemFiles(fakeTree({ 'etc/hostname': '', ...entries })));
    expect(facts).toMatchObject(expected);
    expect(facts.group).toBe(expected.group);
    expect(facts.address).toBe(expected.address);
  });
});
