import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseJson } from '../../src/options/json.ts';
import { parsePlainObject } from '../../src/options/plain-json.ts';

/** What our own parser makes of a text; nothing when it refuses it. */
const parsed = (text: string): unknown => {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
};

describe('parsePlainObject', () => {
  test('takes what clients send', () => {
    const text =
      '{"execute": "device_add", "arguments": {"driver":"vfio-pci", "host":"0000:06:00.0", "x-req":true}, "id": -12}\r\n';
    expect(parsePlainObject(text)).toEqual(parseJson(text));
    expect(parsePlainObject('{"a":[1,[],{},null,"b"]}')).toEqual(parseJson('{"a":[1,[],{},null,"b"]}'));
    expect(parsePlainObject('{"__proto__":{"a":1},"constructor":2}')).toEqual(parseJson('{"__proto__":{"a":1},"constructor":2}'));
  });

  test.each([
    ['a name that comes twice', '{"a":1,"a":1}'],
    ['one within', '{"a":[{"b":1,"b" :2}]}'],
    ['a float', '{"a":1.0}'],
    ['an exponent in a list', '{"a":[2, 1e0]}'],
    ['what a double cannot hold', '{"a":9007199254740993}'],
    ['an escape', String.raw`{"a":"\n"}`],
    ['more than ASCII', '{"a":"é"}'],
    ['a control character', '{"a":"\u007f"}'],
    ['names that JavaScript would put first', '{"b":1,"0":2}'],
    ['deep nesting', `{"a":${'['.repeat(1100)}${']'.repeat(1100)}}`],
    ['single quotes', "{'a':1}"],
    ['a list', '[]'],
    ['no JSON', '{"a":01}'],
    ['two values', '{} {}'],
    ['half a value', '{"a":'],
    ['nothing', ''],
  ])('leaves %s to the other parser', (_, text) => {
    expect(parsePlainObject(text)).toBeUndefined();
  });

  const blank = fc.constantFrom('', ' ', '\t', '\r\n');
  const scalar = fc.oneof(
    fc.constantFrom(
      'true',
      'false',
      'null',
      '-0',
      '1.5',
      '1e3',
      '{}',
      '[]',
      '"a: 1.5"',
      '"0000:00:04.0"',
      '"{"',
      "'a'",
      '01',
      '"é"',
    ),
    fc.maxSafeInteger().map(String),
    fc.string().map((text) => JSON.stringify(text)),
  );
  const { object } = fc.letrec<{ value: string; list: string; object: string }>((tie) => ({
    value: fc.oneof({ weight: 3, arbitrary: scalar }, tie('list'), tie('object')),
    list: fc.array(fc.tuple(blank, tie('value'))).map((items) => `[${items.map((item) => item.join('')).join(',')}]`),
    object: fc
      .array(fc.tuple(blank, fc.constantFrom('a', 'b', 'id', '1', '__proto__'), blank, tie('value')), { maxLength: 4 })
      .map((members) => `{${members.map(([before, name, after, value]) => `${before}"${name}"${after}:${value}`).join(',')}}`),
  }));

  test('never says anything else than the other parser', () => {
    let taken = 0;
    fc.assert(
      fc.property(object, (text) => {
        const plain = parsePlainObject(text);
        if (plain === undefined) return;
        taken += 1;
        expect(plain).toEqual(parsed(text));
        expect(JSON.stringify([...plain.keys()])).toBe(JSON.stringify([...(parsed(text) as Map<string, unknown>).keys()]));
      }),
      { numRuns: 3000 },
    );
    expect(taken).toBeGreaterThan(100);
  });
});
