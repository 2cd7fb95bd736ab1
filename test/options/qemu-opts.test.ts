import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OPTION_GROUPS } from '../../src/options/option-groups.ts';
import { describeQemuOpts } from '../../src/options/qemu-opts-help.ts';
import { hasHelpOption } from '../../src/options/qemu-opts-text.ts';
import { getBoolean, getNumber, getOption, getSize, mergeQemuOpts } from '../../src/options/qemu-opts-values.ts';
import { parseQemuOpts, type OptsWarning, type QemuOptsRules } from '../../src/options/qemu-opts.ts';
import { doubleCommas } from './print.ts';
import { onlyProblems, problemOf } from './problem-of.ts';

const device: QemuOptsRules = { group: 'device', impliedKey: 'driver' };
const memory: QemuOptsRules = { group: 'memory', impliedKey: 'size', mergeLists: true, descriptors: OPTION_GROUPS['memory'] };
const addFd: QemuOptsRules = { group: 'add-fd', descriptors: OPTION_GROUPS['add-fd'] };

describe('parseQemuOpts reads', () => {
  test.each([
    ['', []],
    ['vfio-pci', [['driver', 'vfio-pci']]],
    ['vfio-pci,', [['driver', 'vfio-pci']]],
    [
      'driver=vfio-pci,host=1:2.3',
      [
        ['driver', 'vfio-pci'],
        ['host', '1:2.3'],
      ],
    ],
    [
      'a,,b,x=1,,2',
      [
        ['driver', 'a,b'],
        ['x', '1,2'],
      ],
    ],
    [
      'x=1,x=2',
      [
        ['x', '1'],
        ['x', '2'],
      ],
    ],
    ['x=a=b', [['x', 'a=b']]],
    ['x=', [['x', '']]],
    ['x=,,,', [['x', ',']]],
    [
      'd,=1',
      [
        ['driver', 'd'],
        ['', '1'],
      ],
    ],
    [
      'd,a b=1',
      [
        ['driver', 'd'],
        ['a b', '1'],
      ],
    ],
    [
      'd,share',
      [
        ['driver', 'd'],
        ['share', 'on'],
      ],
    ],
    [
      'd,noshare',
      [
        ['driver', 'd'],
        ['share', 'off'],
      ],
    ],
    [
      'd,node',
      [
        ['driver', 'd'],
        ['de', 'off'],
      ],
    ],
    ['d,,', [['driver', 'd,']]],
  ])('%j', (text, options) => {
    expect(parseQemuOpts(text, device)).toMatchObject({ options });
  });

  test.each([
    ['d,id=a', 'a'],
    ['d,id=a,id=b', 'a'],
    ['id=a', 'a'],
    ['d,,id=a', 'a'],
    ['d,id', 'on'],
    ['d,noid', 'off'],
    ['d', undefined],
  ])('the id of %j is %j, and no option', (text, id) => {
    const opts = parseQemuOpts(text, device);
    expect(opts.id).toBe(id);
    expect(getOption(opts, 'id')).toBeUndefined();
  });
});

describe('parseQemuOpts warns of flags without a value', () => {
  test.each([
    ['d,share', { message: `short-form boolean option 'share' deprecated`, hint: 'Please use share=on instead' }],
    ['d,noshare', { message: `short-form boolean option 'noshare' deprecated`, hint: 'Please use share=off instead' }],
    ['d,nodelay', { message: `short-form boolean option 'nodelay' deprecated`, hint: 'Please use nodelay=on instead' }],
    ['d,delay', { message: `short-form boolean option 'delay' deprecated`, hint: 'Please use nodelay=off instead' }],
  ])('%j', (text, warning) => {
    expect(parseQemuOpts(text, device).warnings).toStrictEqual([warning]);
  });

  test('also when an error follows', () => {
    const seen: OptsWarning[] = [];
    const problem = problemOf(() => parseQemuOpts('64,bogus', { ...memory, onWarning: (warning) => seen.push(warning) }));
    expect(problem.message).toBe(`Invalid parameter 'bogus'`);
    expect(seen.map(({ hint }) => hint)).toStrictEqual(['Please use bogus=on instead']);
  });

  test('but not of help', () => {
    expect(parseQemuOpts('d,help', device)).toMatchObject({
      warnings: [],
      helpRequested: true,
      options: [
        ['driver', 'd'],
        ['help', 'on'],
      ],
    });
  });
});

describe('parseQemuOpts refuses', () => {
  test.each<[string, QemuOptsRules, string, string]>([
    ['d,id=', device, 'ID_INVALID', `Parameter 'id' expects an identifier`],
    ['d,id=a/b', device, 'ID_INVALID', `Parameter 'id' expects an identifier`],
    ['d,id=a', { ...device, existingIds: new Set(['a']) }, 'ID_DUPLICATE', `Duplicate ID 'a' for device`],
    ['d,id=a', { ...device, permitId: false }, 'PROPERTY_UNKNOWN', `Invalid parameter 'id'`],
    ['64,id=x', memory, 'PROPERTY_UNKNOWN', `Invalid parameter 'id'`],
    ['64,bogus=1', memory, 'PROPERTY_UNKNOWN', `Invalid parameter 'bogus'`],
    ['1.5', memory, 'VALUE_INVALID', `Parameter 'size' expects a non-negative number below 2^64`],
    ['16E', memory, 'VALUE_INVALID', `Value '16E' is out of range for parameter 'size'`],
    ['64,slots=', memory, 'VALUE_INVALID', `Parameter 'slots' expects a number`],
    ['64,slots=18446744073709551616', memory, 'VALUE_INVALID', `Value '18446744073709551616' is too large for parameter 'slots'`],
    [
      'cpu-pm=1',
      { group: 'overcommit', descriptors: OPTION_GROUPS['overcommit'] },
      'VALUE_INVALID',
      `Parameter 'cpu-pm' expects 'on' or 'off'`,
    ],
  ])('%j', (text, rules, code, message) => {
    expect(problemOf(() => parseQemuOpts(text, rules))).toMatchObject({ code, message });
  });

  test('a size with two lines of advice', () => {
    expect(problemOf(() => parseQemuOpts('x', memory)).hint).toStrictEqual([
      'Optional suffix k, M, G, T, P or E means kilo-, mega-, giga-, tera-, peta-',
      'and exabytes, respectively.',
    ]);
  });
});

describe('help', () => {
  test.each<[string, QemuOptsRules, boolean]>([
    ['help', addFd, true],
    ['fd=1,?,bogus', addFd, true],
    ['help', device, false],
    ['d,help=off', device, true],
    ['d,helpme', device, false],
  ])('%j', (text, rules, wanted) => {
    expect(parseQemuOpts(text, rules).helpRequested).toBe(wanted);
  });

  test.each([
    ['help', false, true],
    ['help', true, false],
    ['a,,help', true, false],
    ['nohelp', false, false],
    ['help=on', false, false],
  ])('hasHelpOption(%j) with an implied key: %j', (text, implied, wanted) => {
    expect(hasHelpOption(text, implied ? 'x' : undefined)).toBe(wanted);
  });

  test('describeQemuOpts prints what QEMU prints', () => {
    expect(describeQemuOpts('add-fd', OPTION_GROUPS['add-fd'] ?? []).join('\n')).toBe(
      [
        'add-fd options:',
        '  fd=<num>               - file descriptor of which a duplicate is added to fd set',
        '  opaque=<str>           - free-form string used to describe fd',
        '  set=<num>              - ID of the fd set to add fd to',
      ].join('\n'),
    );
    expect(describeQemuOpts('overcommit', OPTION_GROUPS['overcommit'] ?? [])).toStrictEqual([
      'overcommit options:',
      '  cpu-pm=<bool (on/off)>',
      '  mem-lock=<str>',
    ]);
  });
});

describe('values', () => {
  const opts = parseQemuOpts('b=on,n=0x10,s=1k,b=off,s=2k', { group: 'x' });

  test('the last of equal keys counts, and what is not there is undefined', () => {
    expect([
      getBoolean(opts, 'b'),
      getNumber(opts, 'n'),
      getSize(opts, 's'),
      getOption(opts, 'z'),
      getSize(opts, 'z'),
    ]).toStrictEqual([false, 16n, 2048n, undefined, undefined]);
  });

  test.each([
    [() => getBoolean(opts, 'n'), `Parameter 'n' expects 'on' or 'off'`],
    [() => getNumber(opts, 'b'), `Parameter 'b' expects a number`],
    [() => getSize(opts, 'b'), `Parameter 'b' expects a non-negative number below 2^64`],
  ])('wrong types are refused in the words of QEMU: %#', (body, message) => {
    expect(problemOf(body).message).toBe(message);
  });

  test('items of a merged group become one, later values first', () => {
    const merged = mergeQemuOpts([parseQemuOpts('1G,slots=2', memory), parseQemuOpts('2G', memory)]);
    expect([getSize(merged, 'size'), getNumber(merged, 'slots')]).toStrictEqual([2147483648n, 2n]);
  });
});

describe('parseQemuOpts on any input', () => {
  const key = fc.string({ unit: fc.constantFrom('a', 'n', 'o', '.', '-', ' ', 'é') }).filter((text) => text !== 'id');
  const value = fc.string({ unit: fc.constantFrom('a', ',', '=', ' ', 'é') });

  test('what is printed parses to the same options', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(key, value)), (options) => {
        const text = options.map(([name, content]) => `${name}=${doubleCommas(content)}`).join(',');
        // A comma at the end would count as an escape of the next, and one is ignored there.
        expect(parseQemuOpts(text, { group: 'x' }).options).toStrictEqual(options);
      }),
    );
  });

  test('it fails with a typed problem only', () => {
    const pieces = fc.constantFrom('a', 'no', 'id', '=', ',', '1', 'k', 'help', 'size', '-', 'é');
    fc.assert(
      fc.property(fc.array(pieces), fc.constantFrom(device, memory, addFd), (parts, rules) =>
        onlyProblems(() => parseQemuOpts(parts.join(''), rules)),
      ),
    );
  });

  test.each([
    ['commas', ','.repeat(1e6)],
    ['a value with commas', `a=${','.repeat(1e6)}`],
    ['keys', 'a=b,'.repeat(250_000)],
    ['one flag', 'a'.repeat(1e6)],
    ['equal signs', '='.repeat(1e6)],
  ])('a megabyte is read in linear time: %s', (_, text) => {
    const start = performance.now();
    onlyProblems(() => parseQemuOpts(text, device));
    expect(performance.now() - start).toBeLessThan(1000);
  });
});
