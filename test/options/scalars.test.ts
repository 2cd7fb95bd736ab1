import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseBoolean } from '../../src/options/boolean.ts';
import { parseFdNumber } from '../../src/options/fd-number.ts';
import { isIdentifier, parseIdentifier } from '../../src/options/identifier.ts';
import type { JsonValue } from '../../src/options/json-value.ts';
import { formatHostAddress, parseDevfn, parseHostAddress } from '../../src/options/pci-address.ts';
import { parseUuid, parseUuidProperty } from '../../src/options/uuid.ts';
import { onlyProblems, problemOf } from './problem-of.ts';

const UUID = '0CC6C752-3961-4028-a286-c05cc616d396';

describe('parseHostAddress', () => {
  const parse = (text: string): string => formatHostAddress(parseHostAddress('vfio-pci.host', text));

  test.each([
    ['0000:06:12.5', '0000:06:12.5'],
    ['6:12.5', '0000:06:12.5'],
    ['FFFF:ff:1f.7', 'ffff:ff:1f.7'],
    [' 1: 2. 3', '0000:01:02.3'],
    ['+1:2.3', '0000:01:02.3'],
    ['0x1:0x2.3', '0000:01:02.3'],
    ['1:100000002.4294967299', '0000:01:02.3'],
    ['-ffffffffffffff01:2.3', '0000:ff:02.3'],
  ])('%j is %s', (text, address) => {
    expect(parse(text)).toBe(address);
  });

  test.each([
    '',
    'foo',
    '1',
    '1:2',
    '1.2',
    ':2.3',
    '1:.3',
    '1:2.',
    '1:2.8',
    '1:2.0x1',
    '1:20.0',
    '1:100:0.0',
    '10000:1:2.3',
    '100000001:1:2.3',
    '1:2:3:4.5',
    '1:2.3 ',
    '-1:2.3',
    '1:ffffffffffffffffffff.0',
  ])('refuses %j', (text) => {
    expect(problemOf(() => parse(text)).message).toBe(`Property 'vfio-pci.host' doesn't take value '${text}'`);
  });

  test('every address survives printing', () => {
    const address = fc.record({
      domain: fc.integer({ min: 0, max: 0xffff }),
      bus: fc.integer({ min: 0, max: 0xff }),
      slot: fc.integer({ min: 0, max: 0x1f }),
      function: fc.integer({ min: 0, max: 7 }),
    });
    fc.assert(
      fc.property(address, (value) => {
        expect(parseHostAddress('x.host', formatHostAddress(value))).toEqual(value);
      }),
    );
  });
});

describe('parseDevfn', () => {
  test.each<[JsonValue, number]>([
    ['0', 0],
    ['12', 0x90],
    ['1f.7', 255],
    [' 0x5.1', 41],
    ['4. 1', 33],
    ['0x', 0],
    ['100000004', 32],
    [3n, 3],
    [-1n, -1],
    [255n, 255],
  ])('%o is %d', (value, devfn) => {
    expect(parseDevfn('X.addr', value)).toBe(devfn);
  });

  test.each(['', 'zz', '20', '4.8', '4.', '4 ', '4 .1', '4.1x', '4.1.0', '-1', 'ffffffffffffffffffffff'])(
    'refuses the text %j',
    (text) => {
      expect(problemOf(() => parseDevfn('X.addr', text)).message).toBe(`Property 'X.addr' doesn't take value '${text}'`);
    },
  );

  test.each<[JsonValue, string]>([
    [256n, `Parameter 'addr' expects a value between -1 and 255`],
    [-2n, `Parameter 'addr' expects a value between -1 and 255`],
    [2n ** 31n, `Parameter 'addr' expects int32_t`],
    [2n ** 63n, `Invalid parameter type for 'addr', expected: integer`],
    [1.5, `Invalid parameter type for 'addr', expected: integer`],
    [true, `Invalid parameter type for 'addr', expected int or str`],
    [null, `Invalid parameter type for 'addr', expected int or str`],
  ])('refuses the JSON value %o', (value, message) => {
    expect(problemOf(() => parseDevfn('X.addr', value)).message).toBe(message);
  });
});

describe('small values', () => {
  test.each([
    ['on', true],
    ['yes', true],
    ['true', true],
    ['y', true],
    ['off', false],
    ['no', false],
    ['false', false],
    ['n', false],
  ])('parseBoolean(%j)', (text, value) => {
    expect(parseBoolean('b', text)).toBe(value);
  });

  test.each(['', 'ON', 'Y', '1', '0', 'onn', 'on '])('parseBoolean refuses %j', (text) => {
    expect(problemOf(() => parseBoolean('b', text)).message).toBe(`Parameter 'b' expects 'on' or 'off'`);
  });

  test.each(['a', 'Z', 'a-b_c.d', 'a..', 'iommufd0'])('isIdentifier(%j)', (text) => {
    expect(isIdentifier(text)).toBe(true);
    expect(parseIdentifier(text)).toBe(text);
  });

  test.each(['', '0a', '.a', 'a b', 'a\n', 'a/b', 'ä', 'aä', '#block1', 'a[*]'])('parseIdentifier refuses %j', (text) => {
    expect(problemOf(() => parseIdentifier(text))).toMatchObject({
      code: 'ID_INVALID',
      message: `Parameter 'id' expects an identifier`,
      hint: [`Identifiers consist of letters, digits, '-', '.', '_', starting with a letter.`],
    });
  });

  test('UUIDs are printed in lower case', () => {
    expect([parseUuid(UUID), parseUuidProperty('vfio-pci.vf-token', UUID)]).toStrictEqual([UUID.toLowerCase(), UUID.toLowerCase()]);
  });

  test('a UUID property may ask for a random one, -uuid may not', () => {
    expect(parseUuidProperty('vfio-pci.vf-token', 'auto')).toBe('auto');
    expect(problemOf(() => parseUuid('auto')).message).toBe('failed to parse UUID string: wrong format');
  });

  test.each(['', `${UUID} `, `{${UUID}}`, UUID.replaceAll('-', ''), `${UUID}\n`, UUID.replace('6', 'g')])(
    'refuses the UUID %j',
    (text) => {
      expect(problemOf(() => parseUuidProperty('vfio-pci.vf-token', text)).message).toBe(
        `Property 'vfio-pci.vf-token' doesn't take value '${text}'`,
      );
    },
  );

  test.each([
    ['0', 0],
    [' +22', 22],
    ['010', 10],
    ['-0', 0],
    ['2147483647', 2147483647],
  ])('parseFdNumber(%j)', (text, fd) => {
    expect(parseFdNumber(text)).toBe(fd);
  });

  test.each(['', '-1', '2147483648', '0x5', '5 ', '1.0', 'foo', '99999999999999999999'])('parseFdNumber refuses %j', (text) => {
    expect(problemOf(() => parseFdNumber(text)).message).toBe(`Invalid file descriptor number '${text}'`);
  });

  test('no text makes them fail with anything but a typed problem', () => {
    const readers = [
      (text: string) => parseHostAddress('X.host', text),
      (text: string) => parseDevfn('X.addr', text),
      (text: string) => parseBoolean('b', text),
      (text: string) => parseIdentifier(text),
      (text: string) => parseUuid(text),
      (text: string) => parseFdNumber(text),
    ];
    const text = fc.string({ unit: fc.constantFrom('0', '1', 'f', 'x', ':', '.', '-', '+', ' ', 'é', '\0') });
    fc.assert(fc.property(fc.constantFrom(...readers), text, (read, input) => onlyProblems(() => read(input))));
  });
});
