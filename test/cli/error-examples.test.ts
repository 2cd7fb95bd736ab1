import { describe, expect, test } from 'vitest';
import { CODE_GUIDE } from '../../src/errors/code-guide.ts';
import { PROBLEM_CODES } from '../../src/errors/codes.ts';
import { firstError, run, WORKSTATION } from './run.ts';
import { splitWords } from './shell-words.ts';

const EXAMPLES = PROBLEM_CODES.flatMap((code) => {
  const { line, says } = CODE_GUIDE[code].example;
  return line === undefined ? [] : [{ code, line, says }];
});

/** On a host where nothing else stands against the line; one that names a model keeps it, and no model has an engine. */
const onWorkstation = (words: readonly string[]): readonly string[] =>
  words.includes('--host-model') || words.includes('--qemu') ? words : ['--host-model', WORKSTATION, ...words];

describe('an example of the error page is what the program says', () => {
  test.each(EXAMPLES)('$code: vmattach $line', async ({ line, says }) => {
    const { status, stderr } = await run(onWorkstation(splitWords(line)));
    expect(`: ${firstError(stderr)}`.endsWith(`: ${says}`)).toBe(true);
    expect(status).toBe(1);
  });
});
