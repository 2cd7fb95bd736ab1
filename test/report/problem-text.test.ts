import { describe, expect, test } from 'vitest';
import type { Problem } from '../../src/errors/problem.ts';
import { problemText } from '../../src/report/problem-text.ts';

const problem = (changes: Partial<Problem> = {}): Problem => ({
  code: 'CONFLICT',
  severity: 'error',
  message: 'it clashes',
  ...changes,
});

describe('problemText', () => {
  test.each<[what: string, changes: Partial<Problem>, text: string]>([
    ['the message alone', {}, 'vmattach: it clashes'],
    ['the location first, as QEMU', { location: '-device vfio-pci' }, 'vmattach: -device vfio-pci: it clashes'],
    ['a warning as one, after the location', { severity: 'warning', location: '-m 64' }, 'vmattach: -m 64: warning: it clashes'],
    ['information as that', { severity: 'info' }, 'vmattach: info: it clashes'],
    ['hints as lines of their own', { hint: ['one', 'two'] }, 'vmattach: it clashes\none\ntwo'],
    [
      'cause and fixes below all that',
      { hint: ['one'], cause: 'two devices', fixes: ['remove one', 'or the other'] },
      'vmattach: it clashes\none\n  cause: two devices\n  fix: remove one\n  fix: or the other',
    ],
    ['neither code nor subject', { subject: '/objects/x' }, 'vmattach: it clashes'],
  ])('prints %s', (_what, changes, text) => {
    expect(problemText(problem(changes))).toBe(text);
  });

  test('fills in what is known of a code in general', () => {
    expect(problemText(problem({ code: 'ID_DUPLICATE', message: "Duplicate ID 'a' for device" }))).toBe(
      "vmattach: Duplicate ID 'a' for device\n  cause: an earlier option uses the same id\n  fix: use another id",
    );
  });

  test('says what an option takes where its argument has the wrong form', () => {
    expect(problemText(problem({ code: 'VALUE_INVALID', location: '-m 1X', message: 'no size' }))).toMatch(
      /\n {2}fix: -m takes \[size=\]SIZE\[,slots=N,maxmem=SIZE\]: guest RAM, /,
    );
    expect(problemText(problem({ code: 'SYNTAX', location: '--config x', message: 'no text' }))).toMatch(
      /\n {2}fix: vmattach --help$/,
    );
  });

  test('shortens what would flood a terminal', () => {
    const text = problemText(problem({ location: `-device ${'x'.repeat(1_000_000)}`, message: 'y'.repeat(1_000_000) }));
    expect(text.length).toBeLessThan(10_000);
    expect(text).toContain('... (1000000 characters)');
  });
});
