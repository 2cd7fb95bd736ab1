import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonLine } from '../../src/monitor/json-text.ts';
import { parseJson } from '../../src/options/json.ts';

describe('jsonLine', () => {
  test('ends with CR LF, and writes blanks where QEMU does', () => {
    expect(jsonLine({ return: { a: [1, true, null], b: {} }, left: undefined })).toBe(
      '{"return": {"a": [1, true, null], "b": {}}}\r\n',
    );
  });

  test('writes ASCII only', () => {
    expect(jsonLine('\u00e4\ud83d\ude00"\\\b\f\n\r\t\u0000\u007f')).toBe(
      String.raw`"\u00E4\uD83D\uDE00\"\\\b\f\n\r\t\u0000\u007F"`.concat('\r\n'),
    );
  });

  test('keeps 64-bit integers, negative zero and what is too large', () => {
    expect(jsonLine([18446744073709551615n, -0, Infinity, -Infinity, 1e21])).toBe(
      '[18446744073709551615, -0, 1e999, -1e999, 1e+21]\r\n',
    );
  });

  test('indents by four when it is to be pretty', () => {
    expect(jsonLine({ a: [1, { b: [] }] }, true)).toBe(
      '{\r\n    "a": [\r\n        1,\r\n        {\r\n            "b": []\r\n        }\r\n    ]\r\n}\r\n',
    );
  });

  test('is read back as it was', () => {
    const value = fc.letrec<{ any: unknown }>((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0') && !/\p{Noncharacter_Code_Point}/u.test(text)),
        fc.boolean(),
        fc.bigInt(-(2n ** 63n), 2n ** 64n - 1n),
        fc.constant(null),
        fc.array(tie('any'), { maxLength: 4 }),
      ),
    })).any;
    fc.assert(
      fc.property(value, fc.boolean(), (given, pretty) => {
        expect(parseJson(jsonLine(given as never, pretty))).toEqual(given);
      }),
      { numRuns: 500 },
    );
  });
});
