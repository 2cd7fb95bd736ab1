import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectClearError } from './expect-error.ts';
import { firstError, run, WORKSTATION } from './run.ts';
import { splitWords } from './shell-words.ts';

/** The lines of a corpus; the file says what they mean. */
const linesOf = (name: string): string[] =>
  readFileSync(path.join(import.meta.dirname, 'corpus', name), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

const plan = (line: string) => run(['--dry-run', '--host-model', WORKSTATION, ...splitWords(line)]);

const accepted = linesOf('accepted.txt');

/** Command lines and messages take turns; a message is indented. */
const refused = linesOf('refused.txt').flatMap((line, index, all) =>
  line.startsWith('  ') ? [] : [{ line, message: all[index + 1]?.replace(/^ {2}/, '') ?? '' }],
);

describe('accepted', () => {
  test.each(accepted)('%s', async (line) => {
    const { status, stdout, stderr } = await plan(line);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(firstError(stdout)).toBeUndefined();
  });
});

describe('refused', () => {
  test.each(refused)('$line: $message', async ({ line, message }) => {
    const { status, signal, stdout, stderr } = await plan(line);
    // A plan with problems is a result: its errors are part of it. An error before there is a plan goes to standard error.
    const errors = stderr === '' ? stdout.slice(stdout.indexOf('vmattach: ')) : stderr;
    expectClearError({ status, signal, stdout: '', stderr: errors }, message);
  });

  test('every line has its message', () => {
    expect(linesOf('refused.txt').map((line) => line.startsWith('  '))).toEqual(refused.flatMap(() => [false, true]));
  });
});
