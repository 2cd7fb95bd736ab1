import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isJson, parseJson } from '../../src/options/json.ts';
import type { JsonValue } from '../../src/options/json-value.ts';
import { printJson, toPlain } from './print.ts';
import { onlyProblems, problemOf } from './problem-of.ts';

const messageOf = (text: string): string => problemOf(() => parseJson(text)).message;

describe('parseJson takes what RFC 8259 and QEMU take', () => {
  test.each([
    ['null', null],
    [' \t\r\n true\n', true],
    ['-0', 0n],
    ['1.5e+3', 1500],
    ['1E2', 100],
    ['0.5', 0.5],
    ['[]', []],
    ['[ 1 , "2" , [ ] ]', [1n, '2', []]],
    [`'it\\'s "x" %d'`, `it's "x" %d`],
    ['"\\"\\\\\\/\\b\\f\\n\\r\\t\\u20ac\\uD83D\\uDE00"', '"\\/\b\f\n\r\t€😀'],
    ['"\u007f"', '\u007f'],
    ['9223372036854775807', 9223372036854775807n],
    ['-9223372036854775808', -9223372036854775808n],
    ['18446744073709551615', 18446744073709551615n],
    ['18446744073709551616', 18446744073709551616],
    ['1e999', Infinity],
  ] satisfies [string, JsonValue][])('%j', (text, value) => {
    expect(parseJson(text)).toStrictEqual(value);
  });

  test('objects keep the order of their keys, and any text can be a key', () => {
    const object = parseJson('{"b":1,"1":2,"__proto__":3,"":4}');
    expect(object instanceof Map && [...object]).toStrictEqual([
      ['b', 1n],
      ['1', 2n],
      ['__proto__', 3n],
      ['', 4n],
    ]);
  });

  test('1024 levels are the limit', () => {
    expect(() => parseJson('['.repeat(1024) + ']'.repeat(1024))).not.toThrow();
    expect(messageOf('['.repeat(1025) + ']'.repeat(1025))).toBe('JSON nesting depth limit exceeded');
  });
});

describe('parseJson refuses in the words of QEMU', () => {
  test.each([
    ['', 'Expecting a JSON value'],
    [' \n', 'Expecting a JSON value'],
    ['{bad', `JSON parse error, invalid keyword 'bad'`],
    ['truer', `JSON parse error, invalid keyword 'truer'`],
    ['True', `JSON parse error, stray 'T'`],
    ['{"a":1,"a":2}', 'JSON parse error, duplicate key'],
    ['{"a":1', 'JSON parse error, premature EOI'],
    ['{"a"', 'JSON parse error, premature EOI'],
    ['{', 'JSON parse error, premature EOI'],
    ['[1,', 'JSON parse error, premature EOI'],
    ['{"a" 1}', 'JSON parse error, missing : in object pair'],
    ['{"a":}', 'JSON parse error, expecting value'],
    ['{"a":1,}', 'JSON parse error, expecting value'],
    ['{"a":1 "b":2}', 'JSON parse error, expected separator in dict'],
    ['[1 2]', 'JSON parse error, expected separator in list'],
    ['[1}', 'JSON parse error, expected separator in list'],
    ['{]', 'JSON parse error, expecting value'],
    ['{1:2}', 'JSON parse error, key is not a string in object'],
    [']', 'JSON parse error, expecting value'],
    [',', 'JSON parse error, expecting value'],
    ['00', `JSON parse error, stray '00'`],
    ['-a', `JSON parse error, stray '-a'`],
    ['1.', `JSON parse error, stray '1.'`],
    ['[1.]', `JSON parse error, stray '1.]'`],
    ['1.5ex', `JSON parse error, stray '1.5ex'`],
    ['1e+', `JSON parse error, stray '1e+'`],
    ['"abc', `JSON parse error, stray '"abc'`],
    [`'abc"`, `JSON parse error, stray ''abc"'`],
    ['"a\\', `JSON parse error, stray '"a\\'`],
    ['"a\tb"', `JSON parse error, stray '"a\t'`],
    ['@', `JSON parse error, stray '@'`],
    ['%d', `JSON parse error, stray '%'`],
    ['\u00e9', `JSON parse error, stray '\u00e9'`],
    ['"\\u12x"', `JSON parse error, \\u12x" is not a valid Unicode character`],
    ['"\\u{{\u00e4"', 'JSON parse error, \\u{{\u00e4 is not a valid Unicode character'],
    ['"\\u{{{\u00e4"', 'JSON parse error, \\u{{{\ufffd is not a valid Unicode character'],
    ['"\\uD800x"', 'JSON parse error, \\uD800 is not a valid Unicode character'],
    ['"\\uD800\\u0041"', 'JSON parse error, \\uD800 is not a valid Unicode character'],
    ['"\\uDC00"', 'JSON parse error, \\uDC00 is not a valid Unicode character'],
    ['"\\uFFFE"', 'JSON parse error, \\uFFFE is not a valid Unicode character'],
    ['"\\uD83F\\uDFFF"', 'JSON parse error, \\uD83F\\uDFFF is not a valid Unicode character'],
    ['"\\x41"', 'JSON parse error, invalid escape sequence in string'],
    ['"\ufdd0"', 'JSON parse error, invalid UTF-8 sequence in string'],
    ['"\ud800"', 'JSON parse error, invalid UTF-8 sequence in string'],
    ['[1] [2]', 'Expecting at most one JSON value'],
    ['1 @', 'Expecting at most one JSON value'],
    ['0e1', 'Expecting at most one JSON value'],
    ['{}x', 'Expecting at most one JSON value'],
  ])('%j', (text, message) => {
    expect(messageOf(text)).toBe(message);
  });

  test('a stray character anywhere in the value comes before an error of the grammar', () => {
    expect(messageOf('{"a" 1, @}')).toBe(`JSON parse error, stray '@'`);
    expect(messageOf('{"a" 1} @')).toBe('JSON parse error, missing : in object pair');
  });

  test('the position is told apart from the message', () => {
    expect(problemOf(() => parseJson('{"a": bad}'))).toMatchObject({ code: 'SYNTAX', cause: 'character 7 of the JSON text' });
  });
});

describe('parseJson on any input', () => {
  const scalar = fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value)),
    fc.string({ unit: fc.constantFrom('a', '"', "'", '\\', '\n', '\u0001', 'é', '😀', '/') }),
  );
  const { value: anyValue } = fc.letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      scalar,
      fc.array(tie('value')),
      fc.array(fc.tuple(fc.string(), tie('value'))).map((pairs) => new Map(pairs)),
    ),
  }));

  test('what is printed parses to the same value', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(parseJson(printJson(value))).toStrictEqual(value);
      }),
    );
  });

  test('it agrees with JSON.parse where both accept', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(toPlain(parseJson(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  test('it fails with a typed problem only', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"',
      "'",
      '\\',
      'u',
      '0',
      '1',
      '.',
      'e',
      '-',
      'true',
      ' ',
      '\ud800',
      '\0',
      'é',
    );
    fc.assert(fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => onlyProblems(() => parseJson(parts.join('')))));
  });

  test.each([
    ['a string', `"${'a'.repeat(1e6)}"`],
    ['escapes', `"${'\\u20ac'.repeat(150_000)}"`],
    ['numbers', `[${'1,'.repeat(500_000)}1]`],
    ['a long number', '9'.repeat(1e6)],
    ['a long fraction', `0.${'9'.repeat(1e6)}`],
    ['keys', `{${Array.from({ length: 80_000 }, (_, n) => `"k${n}":1`).join(',')}}`],
    ['open brackets', '['.repeat(1e6)],
    ['open objects', '{"a":'.repeat(200_000)],
    ['a keyword', 'a'.repeat(1e6)],
  ])('a megabyte is read in linear time: %s', (_, text) => {
    const start = performance.now();
    onlyProblems(() => parseJson(text));
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

test('isJson looks at the first character only', () => {
  expect([isJson('{'), isJson(' {'), isJson('[]'), isJson('')]).toStrictEqual([true, false, false, false]);
});
