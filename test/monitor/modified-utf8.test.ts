import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeModifiedUtf8 } from '../../src/monitor/modified-utf8.ts';

describe('decodeModifiedUtf8', () => {
  test.each([
    ['ASCII', [0x61, 0x7f], 'a\u007f'],
    ['two, three and four bytes', [0xc3, 0xa4, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80], '\u00e4\u20ac\ud83d\ude00'],
    ['NUL in two bytes', [0xc0, 0x80], '\u0000'],
    ['a surrogate is one character', [0xed, 0xa0, 0x80], '\ufffd'],
    ['beyond the last character', [0xf4, 0x90, 0x80, 0x80], '\ufffd'],
    ['six bytes', [0xfd, 0xbf, 0xbf, 0xbf, 0xbf, 0xbf], '\ufffd'],
    ['overlong', [0xc1, 0x81], '\ufffd'],
    ['a noncharacter', [0xef, 0xbf, 0xbe], '\ufffd'],
    ['a continuation that nothing began', [0x80, 0x61], '\ufffda'],
    ['a sequence that breaks off', [0xe2, 0x82, 0x61], '\ufffda'],
    ['a sequence that breaks off at the end', [0xf0, 0x9f], '\ufffd'],
    ['FE and FF', [0xfe, 0xff], '\ufffd\ufffd'],
  ])('%s', (_name, bytes, text) => {
    expect(decodeModifiedUtf8(Uint8Array.from(bytes))).toBe(text);
  });

  test('is UTF-8 for text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(decodeModifiedUtf8(Buffer.from(text))).toBe(text);
      }),
    );
  });
});
