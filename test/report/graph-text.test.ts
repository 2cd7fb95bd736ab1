import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { numberRanges, printable, wrap, wrapAtMost } from '../../src/report/graph-text.ts';

describe('printable', () => {
  test.each([
    ['plain text stays', 'a ü 漢 🖥', 'a ü 漢 🖥'],
    ['control characters go', 'a\tb\nc\u007F', 'a\uFFFDb\uFFFDc\uFFFD'],
    ['half a surrogate pair goes', 'a\uD800b', 'a\uFFFDb'],
    ['line separators go', 'a\u2028b\u2029c', 'a\uFFFDb\uFFFDc'],
  ])('%s', (_what, text, shown) => {
    expect(printable(text)).toBe(shown);
  });

  test('a megabyte is cut', () => {
    expect([...printable('x'.repeat(1_000_000))]).toHaveLength(401);
  });
});

describe('wrap', () => {
  test.each([
    ['between words', 'one two three', 7, ['one two', 'three']],
    ['in a word that is longer than a line', 'abcdefgh ij', 3, ['abc', 'def', 'gh', 'ij']],
    ['nothing', '', 5, ['']],
  ])('breaks %s', (_what, text, columns, lines) => {
    expect(wrap(text, columns)).toEqual(lines);
  });

  test('loses nothing and no line is too long', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.integer({ min: 1, max: 50 }), (text, columns) => {
        const lines = wrap(text, columns);
        expect(lines.filter((line) => [...line].length > columns)).toEqual([]);
        expect(lines.join('').replaceAll(' ', '')).toBe(printable(text).replaceAll(' ', ''));
      }),
    );
  });

  test('wrapAtMost says that there is more', () => {
    expect(wrapAtMost('a b c d', 1, 2)).toEqual(['a', 'b …']);
    expect(wrapAtMost('a b', 1, 2)).toEqual(['a', 'b']);
  });
});

test.each([
  [[], ''],
  [[14], '14'],
  [[3, 1, 2], '1-3'],
  [[100, 101, 103, 104, 104, 200], '100-101, 103-104, 200'],
])('numberRanges of %j is %s', (numbers, text) => {
  expect(numberRanges(numbers)).toBe(text);
});
