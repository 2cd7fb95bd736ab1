import { describe, expect, test } from 'vitest';
import { scanArgv } from '../../src/options/scan-argv.ts';
import { readRequest } from '../../src/request/read-request.ts';
import type { RequestWarning } from '../../src/request/request.ts';
import { problemOf } from '../options/problem-of.ts';
import { words } from '../plan/planning.ts';

const warningsOf = (line: string): readonly RequestWarning[] => {
  const warnings: RequestWarning[] = [];
  readRequest(scanArgv(words(`-machine bare ${line}`)), 'bare', (warning) => warnings.push(warning));
  return warnings;
};

describe('options of QEMU on -machine bare', () => {
  test.each(['-sandbox on', '-sandbox on,obsolete=deny'])('%s: nobody is left to believe in a filter', (line) => {
    expect(warningsOf(line)).toEqual([
      { location: line, message: '-machine bare has no seccomp filter: this option does nothing', hint: [] },
    ]);
  });

  test.each(['-sandbox off', '-sandbox enable=off', '-S', '-nodefaults -accel kvm'])('%s says nothing about it', (line) => {
    expect(warningsOf(line)).toEqual([]);
  });

  test.each(['-run-with user=nobody', '-vnc :0', 'disk.img'])('%s is refused', (line) => {
    expect(problemOf(() => warningsOf(line))).toMatchObject({ code: 'OPTION_UNSUPPORTED', fixes: expect.any(Array) });
  });
});
