import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseIntegerRange } from '../../src/options/integer-range.ts';
import { parseSigned, parseUnsigned, toInt64, toUint64, UINT64_MAX } from '../../src/options/integer.ts';
import { parseMemorySize } from '../../src/options/memory-size.ts';
import { parseSize, toSize } from '../../src/options/size.ts';
import { problemOf } from './problem-of.ts';

describe('toUint64 and toInt64 are strtoull and strtoll', () => {
  test.each([
    ['0', 0n, 0n],
    ['0x2A', 42n, 42n],
    ['052', 42n, 42n],
    [' \t\n\v\f\r+7', 7n, 7n],
    ['-1', UINT64_MAX, -1n],
    ['-0x10', UINT64_MAX - 15n, -16n],
    ['9223372036854775808', 9223372036854775808n, 'ERANGE'],
    ['-9223372036854775808', 9223372036854775808n, -9223372036854775808n],
    ['-9223372036854775809', 9223372036854775807n, 'ERANGE'],
    ['18446744073709551616', 'ERANGE', 'ERANGE'],
    ['-18446744073709551616', 'ERANGE', 'ERANGE'],
    [`${'0'.repeat(100)}x`, 'EINVAL', 'EINVAL'],
    [`0${'0'.repeat(100)}7`, 7n, 7n],
    ['99999999999999999999x', 'EINVAL', 'EINVAL'],
    ['', 'EINVAL', 'EINVAL'],
    ['08', 'EINVAL', 'EINVAL'],
    ['0x', 'EINVAL', 'EINVAL'],
    ['0b1', 'EINVAL', 'EINVAL'],
    ['1 ', 'EINVAL', 'EINVAL'],
    ['+-1', 'EINVAL', 'EINVAL'],
    ['- 1', 'EINVAL', 'EINVAL'],
    ['\u00a01', 'EINVAL', 'EINVAL'],
    ['\u0661', 'EINVAL', 'EINVAL'],
  ])('%j', (text, unsigned, signed) => {
    expect([toUint64(text), toInt64(text)]).toStrictEqual([unsigned, signed]);
  });

  test('every 64-bit number survives printing in any base', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: UINT64_MAX }), (value) => {
        for (const text of [`${value}`, `0x${value.toString(16)}`, `0${value.toString(8)}`]) expect(toUint64(text)).toBe(value);
      }),
    );
  });

  test('a megabyte of digits is read in linear time', () => {
    const start = performance.now();
    for (const digit of ['9', '0', ' ', '7']) toUint64(`0${digit.repeat(1e6)}`);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

describe('integer properties', () => {
  test.each([
    [() => parseUnsigned('xres', '4294967296', 32), `Parameter 'xres' expects uint32_t`],
    [() => parseUnsigned('xres', '-1', 32), `Parameter 'xres' expects uint32_t`],
    [() => parseUnsigned('xres', 'foo', 32), `Parameter 'xres' expects integer`],
    [() => parseUnsigned('n', '256', 8), `Parameter 'n' expects uint8_t`],
    [() => parseSigned('n', '2147483648', 32), `Parameter 'n' expects int32_t`],
    [() => parseSigned('n', '1.0'), `Parameter 'n' expects integer`],
  ])('are refused in the words of QEMU: %#', (body, message) => {
    expect(problemOf(body).message).toBe(message);
  });

  test('and read up to their limits', () => {
    expect([parseUnsigned('n', '0xffffffff', 32), parseSigned('n', '-2147483648', 32), parseUnsigned('n', '-1')]).toStrictEqual([
      4294967295n,
      -2147483648n,
      UINT64_MAX,
    ]);
  });
});

describe('parseIntegerRange', () => {
  test.each([
    ['-3--1', 'int64', -3n, -1n],
    ['-3', 'int64', -3n, -3n],
    ['0x10-0x1f', 'uint64', 16n, 31n],
    ['1- 2', 'uint64', 1n, 2n],
    ['0-65535', 'int64', 0n, 65535n],
  ] as const)('%j as %s', (text, type, first, last) => {
    expect(parseIntegerRange('x', text, type, true)).toStrictEqual({ first, last });
  });

  test.each([
    ['5-4', 'int64', true, `Parameter 'x' expects an int64 value or range`],
    ['0-65536', 'int64', true, `Parameter 'x' expects an int64 value or range`],
    ['5-', 'uint64', true, `Parameter 'x' expects a uint64 value or range`],
    ['5--1', 'uint64', true, `Parameter 'x' expects a uint64 value or range`],
    ['1-2-3', 'uint64', true, `Parameter 'x' expects a uint64 value or range`],
    ['1-2', 'uint64', false, `Parameter 'x' expects a uint64 value`],
  ] as const)('refuses %j as %s', (text, type, list, message) => {
    expect(problemOf(() => parseIntegerRange('x', text, type, list)).message).toBe(message);
  });
});

describe('toSize', () => {
  test.each([
    ['1k', 1024n],
    ['1K', 1024n],
    ['1e', 1n << 60n],
    ['1.e', 1n << 60n],
    ['1.', 1n],
    ['1.0', 1n],
    ['1.0B', 1n],
    ['+.5k', 512n],
    ['0x1b', 27n],
    ['0X1F', 31n],
    ['00010', 10n],
    ['1.00048828125k', 1025n],
    ['0.00048828125k', 1n],
    ['0.00048828124k', 0n],
    ['.99999999999999999999999k', 1024n],
    ['15.9999999999999999E', UINT64_MAX - 127n],
    ['18446744073709551615.0', UINT64_MAX],
    ['', 'EINVAL'],
    ['.', 'EINVAL'],
    ['1e3', 'EINVAL'],
    ['1.5e3', 'EINVAL'],
    ['16Gi', 'EINVAL'],
    ['16GB', 'EINVAL'],
    ['1 k', 'EINVAL'],
    ['1k ', 'EINVAL'],
    ['0x', 'EINVAL'],
    ['0x20M', 'EINVAL'],
    ['inf', 'EINVAL'],
    ['nan.', 'EINVAL'],
    ['1.5', 'EINVAL'],
    ['1.0000000000000000000000001', 'EINVAL'],
    ['1\u212a', 'EINVAL'],
    ['-1k', 'EINVAL'],
    ['18446744073709551616k', 'EINVAL'],
    ['-0', 'ERANGE'],
    ['-1', 'ERANGE'],
    ['-.5', 'ERANGE'],
    ['16E', 'ERANGE'],
    ['0x10000000000000000', 'ERANGE'],
    ['18446744073709551615.99999999999999999999', 'ERANGE'],
  ])('%j', (text, size) => {
    expect(toSize(text)).toBe(size);
  });

  test.each([
    ['2', { defaultSuffix: 'M' }, 2097152n],
    ['0x2', { defaultSuffix: 'M' }, 2097152n],
    ['.5', { defaultSuffix: 'K' }, 512n],
    ['2B', { defaultSuffix: 'M' }, 2n],
    ['2E', { unit: 1000 }, 2_000_000_000_000_000_000n],
    ['1.2345M', { unit: 1000 }, 1_234_500n],
  ] as const)('%j with %j', (text, rules, size) => {
    expect(toSize(text, rules)).toBe(size);
  });

  test('whole numbers with a suffix are exact', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: UINT64_MAX }), fc.integer({ min: 0, max: 6 }), (value, exponent) => {
        const bytes = value << BigInt(10 * exponent);
        expect(toSize(`${value}${'BkmgTPE'[exponent]}`)).toBe(bytes > UINT64_MAX ? 'ERANGE' : bytes);
      }),
    );
  });

  test.each([
    ['qemuopts', 'x', `Parameter 'size' expects a non-negative number below 2^64`],
    ['qemuopts', '-1', `Value '-1' is out of range for parameter 'size'`],
    ['object', '-1', `Parameter 'size' expects a size value`],
    ['keyval', 'x', `Parameter 'size' expects size`],
  ] as const)('the reader %s refuses %j in its own words', (reader, text, message) => {
    expect(problemOf(() => parseSize('size', text, reader)).message).toBe(message);
  });

  test('a megabyte of digits is read in linear time', () => {
    const start = performance.now();
    for (const text of [`0.${'9'.repeat(1e6)}k`, '9'.repeat(1e6), `0x${'f'.repeat(1e6)}`, '.'.repeat(1e6)]) toSize(text);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

describe('parseMemorySize', () => {
  const MiB = 1n << 20n;

  test.each([
    ['64', 64n * MiB],
    ['64M', 64n * MiB],
    ['1.5G', 1536n * MiB],
    ['64B', 8192n],
    ['8193B', 16384n],
    ['0', 0n],
    ['0x0', 0n],
  ])('%j', (text, bytes) => {
    expect(parseMemorySize(text)).toBe(bytes);
  });

  test.each([
    ['0x40', `Parameter 'memory.size' expects size`],
    ['18446744073709551615', `Parameter 'memory.size' expects size`],
    ['1.5', `Parameter 'size' expects a non-negative number below 2^64`],
    ['', `Parameter 'size' expects a non-negative number below 2^64`],
  ])('refuses %j', (text, message) => {
    expect(problemOf(() => parseMemorySize(text)).message).toBe(message);
  });
});
