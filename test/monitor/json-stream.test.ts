import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonStream } from '../../src/monitor/json-stream.ts';
import { jsonLine } from '../../src/monitor/json-text.ts';

/** Everything that comes out: values as JSON text, errors by their message. */
const split = (chunks: readonly Uint8Array[]): readonly string[] => {
  const stream = new JsonStream();
  const found: string[] = [];
  for (const chunk of chunks) {
    stream.write(chunk);
    for (let input = stream.next(); input !== undefined; input = stream.next()) {
      found.push('value' in input ? jsonLine(input.value).trimEnd() : `error: ${input.error.message}`);
    }
  }
  return found;
};

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
const ofText = (text: string): readonly string[] => split([bytes(text)]);

describe('JsonStream', () => {
  test('needs nothing between objects', () => {
    expect(ofText('{"a":1}{"b":[2]}\r\n{}')).toEqual(['{"a": 1}', '{"b": [2]}', '{}']);
  });

  test('ends a number or keyword outside of brackets only at what follows', () => {
    expect(ofText('12 true')).toEqual(['12']);
    expect(ofText('12 true\n')).toEqual(['12', 'true']);
    expect(ofText('1.5e3,')).toEqual(['1500', 'error: JSON parse error, expecting value']);
  });

  test('knows single quotes, and what a string may hold', () => {
    expect(ofText(`{'a':'b\\'"'}`)).toEqual([String.raw`{"a": "b'\""}`]);
  });

  /** The malformed messages of QEMU's qmp-test, then others; QEMU's replies were recorded (`npm run test:peer`). */
  test.each([
    ['{]', 'JSON parse error, expecting value'],
    ['{\xff', "JSON parse error, stray '\ufffd'"],
    ['{\x01', "JSON parse error, stray '\x01'"],
    ["{'bad \xff", "JSON parse error, stray ''bad \ufffd'"],
    ["{'bad \x01", "JSON parse error, stray ''bad \x01'"],
    ['%%p', "JSON parse error, stray '%'"],
    ['}', 'JSON parse error, expecting value'],
    ["{'a':1,}", 'JSON parse error, expecting value'],
    ['{"a":1,"a":2}', 'JSON parse error, duplicate key'],
    ['nan ', "JSON parse error, invalid keyword 'nan'"],
    ['\x00', "JSON parse error, stray ''"],
    ['"\xed\xa0\x80\x01', `JSON parse error, stray '"\ufffd\x01'`],
  ])('%j: %s, and then it goes on', (text, message) => {
    const found = ofText(`${text}\n{"next":1}`);
    expect(found[0]).toBe(`error: ${message}`);
    expect(found.at(-1)).toBe('{"next": 1}');
  });

  test('a tab does not end what is skipped after an error, other control characters do', () => {
    expect(ofText('\\\t"x"{}')).toEqual(["error: JSON parse error, stray '\\'", '{}']);
    expect(ofText('\\\n"x"')).toEqual(["error: JSON parse error, stray '\\'", '"x"']);
  });

  test('refuses what is nested too deep, at the bracket that is too much', () => {
    expect(ofText('['.repeat(1025))).toEqual(['error: JSON nesting depth limit exceeded']);
    expect(ofText('['.repeat(1024) + ']'.repeat(1024))).toHaveLength(1);
  });

  test('refuses too many tokens', () => {
    const [first, ...others] = ofText(`[${'1,'.repeat(1 << 20)}1]`);
    expect(first).toBe('error: JSON token count limit exceeded');
    expect(others.length).toBeGreaterThan(0);
  });

  test('refuses 64 MiB and more in one text, and keeps no more', { timeout: 60_000 }, () => {
    const chunk = Buffer.alloc(1 << 20, 'x');
    expect(split([bytes('"'), ...Array.from({ length: 65 }, () => chunk)])[0]).toBe('error: JSON token size limit exceeded');
  });

  test('shows at most a kilobyte of what is stray', () => {
    expect(ofText(`"${'x'.repeat(5000)}\x01`)[0]?.length).toBeLessThan(1100);
  });

  const piece = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    "'b'",
    '"',
    '\\',
    '1',
    '-',
    'e',
    'true',
    ' ',
    '\n',
    '\xff',
    '\xc3',
    '\x01',
  );
  const text = fc.array(piece, { maxLength: 40 }).map((parts) => bytes(parts.join('')));
  const random = fc.uint8Array({ maxLength: 80 }).map((array) => Buffer.from(array));

  test('it does not matter where the bytes are cut', () => {
    fc.assert(
      fc.property(fc.oneof(text, random), fc.array(fc.nat(), { maxLength: 6 }), (all, cuts) => {
        const at = [0, ...cuts.map((cut) => cut % (all.length + 1)), all.length].toSorted((one, other) => one - other);
        const chunks = at.slice(1).map((end, index) => all.subarray(at[index], end));
        expect(split(chunks)).toEqual(split([all]));
      }),
      { numRuns: 1000 },
    );
  });

  test('an object that comes at once is what it is byte by byte', () => {
    const value = fc.oneof(fc.constantFrom('1', '-0', "'x'", '"\\u00e9"', '"\\ud800"', 'null', 'nul', '[1,{}]', '[', '1.5', '01'));
    const member = fc.tuple(fc.constantFrom('"a"', "'b'", '"a\\n"', 'c'), value).map((pair) => pair.join(': '));
    const object = fc
      .tuple(fc.array(member, { maxLength: 3 }), fc.constantFrom('}', '}\r\n', '}{}', '} 1', ''))
      .map(([members, end]) => bytes(`{${members.join(',')}${end}`));
    fc.assert(
      fc.property(object, (all) => {
        expect(split([all])).toEqual(split([...all].map((byte) => Uint8Array.of(byte))));
      }),
      { numRuns: 1000 },
    );
  });

  test('after any bytes, FF brings it back in step', () => {
    fc.assert(
      fc.property(fc.oneof(text, random), (all) => {
        expect(split([all, Buffer.from([0xff]), bytes('{"next":1}')]).at(-1)).toBe('{"next": 1}');
      }),
      { numRuns: 1000 },
    );
  });

  test('what was written comes out again', () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.boolean(), fc.bigInt(-(2n ** 63n), 2n ** 64n - 1n)))),
        (objects) => {
          const lines = objects.map((object) => jsonLine(object));
          expect(split(lines.map((line) => bytes(line)))).toEqual(lines.map((line) => line.trimEnd()));
        },
      ),
      { numRuns: 300 },
    );
  });
});
