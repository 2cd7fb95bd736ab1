import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { CODE_GUIDE } from '../../src/errors/code-guide.ts';
import { PROBLEM_CODES } from '../../src/errors/codes.ts';

const PAGE = readFileSync(path.resolve(import.meta.dirname, '../../docs/errors.md'), 'utf8');

test('every code is explained, in the order of the codes', () => {
  expect(Object.keys(CODE_GUIDE)).toEqual([...PROBLEM_CODES]);
  expect([...PAGE.matchAll(/^### (\w+)$/gm)].map(([, code]) => code)).toEqual([...PROBLEM_CODES]);
});

describe.each(PROBLEM_CODES)('%s', (code) => {
  const { title, meaning, example, fixes } = CODE_GUIDE[code];

  test('says something of everything', () => {
    for (const text of [title, meaning, example.says, ...fixes]) expect(text.trim()).not.toBe('');
    expect(fixes.length).toBeGreaterThan(0);
  });

  test('is on the page with meaning, example and fixes', () => {
    const section = PAGE.slice(PAGE.indexOf(`### ${code}\n`)).split('\n### ')[0] ?? '';
    for (const text of [title, meaning.slice(1), example.says, ...fixes]) expect(section).toContain(text);
  });

  test('has a meaning that can stand behind "cause:"', () => {
    expect(meaning).toMatch(/^[a-z/A-Z]/);
    expect(meaning).not.toMatch(/\.$/);
  });
});
