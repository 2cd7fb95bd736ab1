import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mergeKeyval } from '../../src/options/keyval-merge.ts';
import type { KeyvalDict, KeyvalValue } from '../../src/options/keyval-value.ts';
import { parseKeyval } from '../../src/options/keyval.ts';
import { printKeyval, toPlain } from './print.ts';
import { onlyProblems, problemOf } from './problem-of.ts';

const parse = (text: string, impliedKey?: string): unknown => toPlain(parseKeyval(text, { impliedKey }).value);
const messageOf = (text: string, impliedKey?: string): string => problemOf(() => parseKeyval(text, { impliedKey })).message;

describe('parseKeyval', () => {
  test.each([
    ['', {}],
    ['a=1,', { a: '1' }],
    ['a=', { a: '' }],
    ['a=,,', { a: ',' }],
    ['a=1,,,b=2', { a: '1,', b: '2' }],
    ['id=a,id=b', { id: 'b' }],
    ['a.b=1,a.c.d=2', { a: { b: '1', c: { d: '2' } } }],
    ['l.2=c,l.0=a,l.01=b', { l: ['a', 'b', 'c'] }],
    ['l.0.x=1,l.1.x=2', { l: [{ x: '1' }, { x: '2' }] }],
    ['__com.redhat_x=1', { '__com.redhat_x': '1' }],
    ['a.__org.x_y=1', { a: { '__org.x_y': '1' } }],
    ['___a=1', { ___a: '1' }],
    ['help.abc=1', { help: { abc: '1' } }],
    ['help=1', { help: '1' }],
  ])('%j', (text, value) => {
    expect(parse(text)).toStrictEqual(value);
  });

  test.each([
    ['q35', { type: 'q35' }],
    ['q35,usb=on', { type: 'q35', usb: 'on' }],
    ['type=q35', { type: 'q35' }],
    ['a b.c', { type: 'a b.c' }],
  ])('an implied key names the first value: %j', (text, value) => {
    expect(parse(text, 'type')).toStrictEqual(value);
  });

  test('an implied key may be dotted', () => {
    expect(parse('x', 'a.b')).toStrictEqual({ a: { b: 'x' } });
  });

  test.each([
    ['=', `Invalid parameter ''`],
    ['a.=1', `Invalid parameter 'a.'`],
    ['.a=1', `Invalid parameter '.a'`],
    ['a.1x=1', `Invalid parameter 'a.1x'`],
    ['1=1', `Invalid parameter '1'`],
    ['_a=1', `Invalid parameter '_a'`],
    ['é=1', `Invalid parameter 'é'`],
    ['a', `Expected '=' after parameter 'a'`],
    ['a=1,b', `Expected '=' after parameter 'b'`],
    ['a.b', `Expected '=' after parameter 'a.b'`],
    ['a=1,a.b=2', `Parameters 'a.*' used inconsistently`],
    ['a=1,a.b.!=2', `Parameters 'a.*' used inconsistently`],
    ['a=1,a.b', `Parameters 'a.*' used inconsistently`],
    ['a.b=1,a=2', `Parameters 'a.*' used inconsistently`],
    ['a.b.c=1,a.b.0=2', `Parameters 'a.b.*' used inconsistently`],
    ['list.0=a,list.2=b', `Parameter 'list.1' missing`],
    ['list.1=a', `Parameter 'list.0' missing`],
    ['list.99999999999999999999=a,list.0=b', `Parameter 'list.1' missing`],
    [`${'a'.repeat(128)}=1`, `Parameter '${'a'.repeat(128)}' is too long`],
    [`a.${'1'.repeat(128)}=1`, `Parameter fragment '${'1'.repeat(128)}' is too long`],
    [`${'a'.repeat(128)}.b=1`, `Parameter fragment '${'a'.repeat(128)}' is too long`],
    ['help', 'Help is not available for this option'],
    ['?,a=1', 'Help is not available for this option'],
    ['help,!', `Invalid parameter '!'`],
  ])('refuses %j', (text, message) => {
    expect(messageOf(text)).toBe(message);
  });

  test.each([
    ['val,,ue', `Invalid parameter ''`],
    [',', `Invalid parameter ''`],
    ['q35,usb', `Expected '=' after parameter 'usb'`],
    ['help,q35', `Expected '=' after parameter 'q35'`],
  ])('refuses %j with an implied key', (text, message) => {
    expect(problemOf(() => parseKeyval(text, { impliedKey: 'type', helpAllowed: true })).message).toBe(message);
  });

  test('help is flagged, and the rest is still parsed', () => {
    const { value, help } = parseKeyval('a=1,help,b=2', { helpAllowed: true });
    expect([toPlain(value), help]).toStrictEqual([{ a: '1', b: '2' }, true]);
  });

  test('keys go on top of an earlier tree, which stays as it was', () => {
    const into = parseKeyval('type=pc,smp.cpus=1').value;
    expect(toPlain(parseKeyval('q35,smp.cores=2', { impliedKey: 'type', into }).value)).toStrictEqual({
      type: 'q35',
      smp: { cpus: '1', cores: '2' },
    });
    expect(toPlain(into)).toStrictEqual({ type: 'pc', smp: { cpus: '1' } });
  });

  test('a list of an earlier tree cannot grow', () => {
    const into = parseKeyval('l.0=a').value;
    expect(problemOf(() => parseKeyval('l.1=b', { into })).message).toBe(`Parameters 'l.*' used inconsistently`);
  });

  test('names of built-in members are ordinary keys', () => {
    const { value } = parseKeyval('constructor=1,toString.valueOf=2');
    expect(printKeyval(value)).toBe('constructor=1,toString.valueOf=2');
  });
});

describe('mergeKeyval', () => {
  const merge = (older: string, newer: string): unknown => toPlain(mergeKeyval(parseKeyval(older).value, parseKeyval(newer).value));

  test.each([
    ['a=1,b=2', 'b=3,c=4', { a: '1', b: '3', c: '4' }],
    ['a.x=1,a.y=2', 'a.y=3', { a: { x: '1', y: '3' } }],
    ['l.0=a', 'l.0=b,l.1=c', { l: ['a', 'b', 'c'] }],
    ['', 'a=1', { a: '1' }],
  ])('%j and %j', (older, newer, value) => {
    expect(merge(older, newer)).toStrictEqual(value);
  });

  test.each([
    ['opt1=abc,opt2=def', 'opt2.x=1', `Parameter 'opt2' used inconsistently`],
    ['a.b.c=1', 'a.b=1', `Parameter 'a.b' used inconsistently`],
    ['a.0=1', 'a.b=1', `Parameter 'a' used inconsistently`],
  ])('refuses %j and %j', (older, newer, message) => {
    expect(problemOf(() => merge(older, newer)).message).toBe(message);
  });
});

describe('parseKeyval on any input', () => {
  const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,10}$/);
  const leaf = fc.string({ unit: fc.constantFrom('a', ',', '=', '.', ' ', 'é') });
  const { dict } = fc.letrec<{ dict: KeyvalDict; value: KeyvalValue }>((tie) => ({
    value: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('value'), { minLength: 1, maxLength: 3 }), tie('dict')),
    dict: fc.array(fc.tuple(name, tie('value')), { minLength: 1, maxLength: 4 }).map((pairs) => new Map(pairs)),
  }));

  test('what is printed parses to the same tree', () => {
    fc.assert(
      fc.property(dict, (tree) => {
        expect(parseKeyval(printKeyval(tree)).value).toStrictEqual(tree);
      }),
    );
  });

  test('it fails with a typed problem only', () => {
    const pieces = fc.constantFrom('a', '0', '12', '.', ',', '=', 'help', '?', '_', '-', ' ', 'é', '__a_');
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 20 }), fc.option(fc.constant('i.j'), { nil: undefined }), (parts, impliedKey) =>
        onlyProblems(() => parseKeyval(parts.join(''), { impliedKey })),
      ),
    );
  });

  test.each([
    ['a deep key', `${'a.'.repeat(500_000)}a=1`],
    ['many keys', 'a=1,'.repeat(250_000)],
    ['many elements', Array.from({ length: 80_000 }, (_, n) => `l.${n}=`).join(',')],
    ['many commas', `a=${','.repeat(1e6)}`],
    ['a long name', `${'a'.repeat(1e6)}=1`],
    ['a downstream name', `__${'a'.repeat(1e6)}=1`],
  ])('a megabyte is read in linear time: %s', (_, text) => {
    const start = performance.now();
    onlyProblems(() => parseKeyval(text));
    expect(performance.now() - start).toBeLessThan(1000);
  });
});
