import { describe, expect, test } from 'vitest';
import { OWN_OPTIONS } from '../../src/cli/own-options.ts';
import { scanArgv } from '../../src/options/scan-argv.ts';
import { readRequest } from '../../src/request/read-request.ts';
import { onlyProblems } from '../options/problem-of.ts';
import { expectClearError } from './expect-error.ts';
import { run, WORKSTATION } from './run.ts';

const LIMIT = 5_000;

const onWorkstation = ['--host-model', WORKSTATION, '-machine', 'bare', '-m', '1G'];

describe('an argument of the greatest length is answered quickly and not printed in full', () => {
  // Linux takes no longer argument (MAX_ARG_STRLEN, 128 KiB with the final NUL byte).
  const long = (text: string, around = 0): string => text.repeat(Math.floor((131_071 - around) / text.length));
  const cases: readonly (readonly [title: string, args: readonly string[]])[] = [
    ['an id', ['-object', `iommufd,id=0${long('a', 13)}`]],
    ['nested JSON lists', ['-device', `{"a":${long('[', 5)}`]],
    ['nested JSON objects', ['-object', long('{"a":')]],
    ['a host', ['-device', `vfio-pci,host=${long('0', 14)}`]],
    ['a size', ['-m', long('9')]],
    ['a machine type', ['-machine', long('x')]],
    ['a dotted key', ['-machine', `bare,${long('a.', 8)}b=1`]],
    ['flags', ['-object', `iommufd,${long('b,', 8)}`]],
    ['an option', [`-${long('m', 1)}`]],
    ['a path', ['--host-model', long('/x')]],
  ];
  test.each(cases)('%s', { timeout: LIMIT }, async (_title, args) => {
    const outcome = await run(args);
    expectClearError(outcome);
    expect(outcome.stderr.length).toBeLessThan(32_768);
  });

  test.each(cases)('%s, eight times as long, in the parser', { timeout: LIMIT }, (_title, args) => {
    const longer = args.map((word) => (word.length < 1000 ? word : word.slice(0, 20) + word.slice(20).repeat(8)));
    onlyProblems(() => readRequest(scanArgv(longer, OWN_OPTIONS), 'none'));
  });
});

describe('thousands of options of one kind', () => {
  const times = (count: number, words: (index: number) => readonly string[]): string[] =>
    Array.from({ length: count }, (_, index) => words(index)).flat();

  test('10,000 devices that are one and the same', { timeout: 10_000 }, async () => {
    const outcome = await run(['plan', '--host-model', WORKSTATION, ...times(10_000, () => ['-device', 'vfio-pci,host=01:00.0'])]);
    expect(outcome.status).toBe(1);
    expect(outcome.stdout).toContain('device is already attached');
    expect(outcome.stderr).toBe('');
  });

  test('10,000 devices on a bus for 256', { timeout: 10_000 }, async () => {
    const outcome = await run([...onWorkstation, ...times(10_000, () => ['-device', 'vfio-pci,host=01:00.0'])]);
    expectClearError(outcome, /PCI: no slot\/function available for vfio-pci, all in use or reserved$/);
  });

  test('10,000 objects', { timeout: 10_000 }, async () => {
    const outcome = await run(['plan', '-machine', 'bare', ...times(10_000, (index) => ['-object', `iommufd,id=i${index}`])]);
    expect({ status: outcome.status, stderr: outcome.stderr }).toEqual({ status: 0, stderr: '' });
  });

  test('10,000 objects, the last one with an id that is taken', { timeout: 10_000 }, async () => {
    const outcome = await run(['-machine', 'bare', ...times(10_000, (index) => ['-object', `iommufd,id=i${index % 9_999}`])]);
    expectClearError(outcome, "-object iommufd,id=i0: Duplicate ID 'i0' for object");
  });
});
