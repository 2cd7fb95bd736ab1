import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ENGINE_ARGUMENTS, ENGINE_FLAGS } from '../../src/cli/pass-through.ts';
import { takesArgument } from '../../src/options/qemu-option.ts';
import { QEMU_OPTIONS } from '../../src/options/qemu-options-table.ts';
import { firstError, run } from './run.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'vmattach-pass-'));
afterAll(() => rmSync(folder, { recursive: true }));

const engine = path.join(folder, 'qemu');
writeFileSync(
  engine,
  String.raw`#!/bin/sh
printf '%s\0' "$@"`,
);
chmodSync(engine, 0o755);

const env = { VMATTACH_QEMU: engine };

/** What management layers start to ask a QEMU what it can do. */
const PROBE = [
  ...['-S', '-no-user-config', '-nodefaults', '-nographic', '-machine', 'none,accel=kvm:tcg'],
  ...['-qmp', 'unix:/tmp/qmp.monitor,server=on,wait=off', '-pidfile', '/tmp/qmp.pid', '-daemonize'],
];

const ROWS: readonly (readonly [string, boolean])[] = [
  ...[...ENGINE_FLAGS].map((name) => [name, false] as const),
  ...[...ENGINE_ARGUMENTS].map((name) => [name, true] as const),
];

describe('options in which nothing is passed through', () => {
  test.each(ROWS)('-%s takes an argument: %s, as in the table of options', (name, takes) => {
    const option = QEMU_OPTIONS.find((row) => row.name === name);
    expect(option === undefined ? undefined : takesArgument(option)).toBe(takes);
  });

  test.each([
    { argv: PROBE },
    { argv: ['--machine', 'q35', '-accel', 'tcg', '-display', 'none', '-append', '-S -- x', '-kernel', 'a b'] },
    { argv: ['-S'] },
  ])('go to the engine as they are: $argv', async ({ argv }) => {
    expect(await run(argv, { env })).toEqual({
      status: 0,
      signal: null,
      stderr: '',
      stdout: argv.map((word) => `${word}\0`).join(''),
    });
  });
});

describe('what needs a look gets it', () => {
  test.each([
    { argv: ['-nodefualts'], says: '-nodefualts: invalid option' },
    { argv: ['-display'], says: '-display: requires an argument' },
    { argv: ['-machine', 'q35,usb'], says: "-machine q35,usb: Expected '=' after parameter 'usb'" },
    { argv: ['-S', '-device', 'vfio-pci'], says: '-device vfio-pci: No provided host device' },
    { argv: ['-S', '-m', 'x'], says: "-m x: Parameter 'size' expects a non-negative number below 2^64" },
    { argv: ['-machine', 'bare', '-hda', 'x'], says: '-hda x: not supported by -machine bare' },
    { argv: ['pan'], says: "pan: Could not open 'pan': No such file or directory" },
  ])('$argv: $says', async ({ argv, says }) => {
    const { status, stdout, stderr } = await run(argv, { env });
    expect({ status, stdout, said: firstError(stderr) }).toEqual({ status: 1, stdout: '', said: says });
  });

  test('and an engine that is not there is told of', async () => {
    expect(firstError((await run(PROBE)).stderr)).toBe("no VMM engine for machine type 'none'");
  });
});
