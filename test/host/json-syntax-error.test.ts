import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findJsonSyntaxError } from '../../src/host/json-syntax-error.ts';

const parses = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe('findJsonSyntaxError', () => {
  it.each<[string, number, number, string]>([
    ['', 1, 1, 'expected a value, found the end of the text'],
    ['[1, 2', 1, 6, 'expected "," or "]", found the end of the text'],
    ['[1,]', 1, 4, 'expected a value, found "]"'],
    ['{"a" 1}', 1, 6, 'expected ":", found "1"'],
    ['{"a": 1\n "b": 2}', 2, 2, 'expected "," or "}", found "\\""'],
    ["{'a': 1}", 1, 2, 'expected a key in double quotes or "}", found "\'"'],
    ['[}', 1, 2, 'expected a value or "]", found "}"'],
    ['{"a": 01}', 1, 8, 'expected "," or "}", found "1"'],
    ['"tab\there"', 1, 5, 'expected the rest of a string, found "\\t"'],
    ['"bad \\x escape"', 1, 6, 'expected the rest of a string, found "\\\\"'],
    ['"open', 1, 6, 'expected the rest of a string, found the end of the text'],
    ['{} {}', 1, 4, 'expected nothing more, found "{"'],
    ['[😀]', 1, 2, 'expected a value or "]", found "😀"'],
  ])('%j', (text, line, column, message) => {
    expect(findJsonSyntaxError(text)).toEqual({ line, column, message });
  });

  it('agrees with JSON.parse about what is JSON', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"',
      '\\',
      '1',
      '-',
      '0',
      '.5',
      'e3',
      'true',
      'null',
      ' ',
      '\n',
      'x',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.json(),
          fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join('')),
        ),
        (text) => {
          expect(findJsonSyntaxError(text) === undefined).toBe(parses(text));
        },
      ),
      { numRuns: 3000 },
    );
  });

  it('takes deep nesting and long strings without recursion', () => {
    expect(findJsonSyntaxError('['.repeat(1_000_000))?.column).toBe(1_000_001);
    expect(findJsonSyntaxError(`"${'x'.repeat(5_000_000)}`)?.column).toBe(5_000_002);
  });
});
