import { describe, expect, test } from 'vitest';
import { readArguments } from '../../src/monitor/read-arguments.ts';
import type { QmpMember } from '../../src/monitor/qmp-type.ts';
import { parseJson } from '../../src/options/json.ts';

const MEMBERS: readonly QmpMember[] = [
  { name: 's', type: 'str' },
  { name: 'i', type: 'int', optional: true },
  { name: 'n', type: 'number', optional: true },
  { name: 'b', type: 'bool', optional: true },
  { name: 'e', type: { values: ['one', 'two'] }, optional: true },
  { name: 'l', type: { list: { values: ['one'] } }, optional: true },
  { name: 'o', type: { members: [{ name: 'x', type: 'int' }] }, optional: true },
  { name: 'a', type: 'any', optional: true },
];

const read = (text: string, allowOthers = false) => {
  const given = parseJson(text);
  if (!(given instanceof Map)) throw new Error('no object');
  return readArguments(given, MEMBERS, allowOthers);
};

describe('readArguments', () => {
  test('checks every type and leaves out what is left out', () => {
    expect(read('{"s":"t","i":-5,"n":1.5,"b":true,"e":"two","l":["one"],"o":{"x":1},"a":null}')).toEqual({
      s: 't',
      i: -5n,
      n: 1.5,
      b: true,
      e: 'two',
      l: ['one'],
      o: { x: 1n },
      a: null,
    });
    expect(read('{"s":""}').i).toBeUndefined();
  });

  test('others are allowed where the table says so', () => {
    expect(read('{"s":"t","zz":1}', true).s).toBe('t');
  });

  /** Recorded with QEMU 10, or the words of qapi/qobject-input-visitor.c. */
  test.each([
    ['{}', "Parameter 's' is missing"],
    ['{"s":5}', "Invalid parameter type for 's', expected: string"],
    ['{"s":"t","i":1.5}', "Invalid parameter type for 'i', expected: integer"],
    ['{"s":"t","i":"1"}', "Invalid parameter type for 'i', expected: integer"],
    ['{"s":"t","i":9223372036854775808}', "Invalid parameter type for 'i', expected: integer"],
    ['{"s":"t","n":"1"}', "Invalid parameter type for 'n', expected: number"],
    ['{"s":"t","b":1}', "Invalid parameter type for 'b', expected: boolean"],
    ['{"s":"t","e":"three"}', "Parameter 'e' does not accept value 'three'"],
    ['{"s":"t","l":"one"}', "Invalid parameter type for 'l', expected: array"],
    ['{"s":"t","l":["three"]}', "Parameter 'null' does not accept value 'three'"],
    ['{"s":"t","l":[5]}', "Invalid parameter type for 'l[0]', expected: string"],
    ['{"s":"t","o":5}', "Invalid parameter type for 'o', expected: object"],
    ['{"s":"t","o":{}}', "Parameter 'o.x' is missing"],
    ['{"s":"t","o":{"x":1,"y":1}}', "Parameter 'o.y' is unexpected"],
    ['{"s":"t","zz":1}', "Parameter 'zz' is unexpected"],
  ])('%s: %s', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });
});
