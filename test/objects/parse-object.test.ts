import { describe, expect, test } from 'vitest';
import type { ObjectSpec } from '../../src/objects/object-spec.ts';
import { parseObject } from '../../src/objects/parse-object.ts';
import type { OptsWarning } from '../../src/options/qemu-opts.ts';
import { problemOf } from '../options/problem-of.ts';

const parse = (text: string, existingIds: readonly string[] = [], warnings: OptsWarning[] = []) =>
  parseObject(text, {
    location: `-object ${text}`,
    existingIds: new Set(existingIds),
    onWarning: (warning) => warnings.push(warning),
  });

const own = (text: string): ObjectSpec => {
  const object = parse(text);
  if ('engineType' in object) throw new Error(`${text} is an object of the engine`);
  return object;
};

const json = (members: Record<string, unknown>): string => JSON.stringify(members);
const ram = (members: Record<string, unknown>): string =>
  json({ 'qom-type': 'memory-backend-ram', id: 'm', size: 4096, ...members });

describe('parseObject reads', () => {
  test.each<[text: string, type: string, values: Record<string, unknown>]>([
    ['iommufd,id=m', 'iommufd', {}],
    ['qom-type=iommufd,id=m,fd=22', 'iommufd', { fd: '22' }],
    ['id=m,qom-type=iommufd', 'iommufd', {}],
    ['iommufd,id=m,compat=type1v2', 'iommufd', { compat: 'type1v2' }],
    ['iommu,id=m,fd=7', 'iommu', { fd: '7' }],
    ['memory-backend-ram,id=m,size=1G', 'memory-backend-ram', { size: 1n << 30n }],
    ['memory-backend-ram,id=m,size=1G,share=on', 'memory-backend-ram', { size: 1n << 30n, share: true }],
    ['memory-backend-ram,id=m,size=1,prealloc-threads=0x10', 'memory-backend-ram', { size: 1n, 'prealloc-threads': 16n }],
    ['memory-backend-ram,id=m,size=1,policy=bind', 'memory-backend-ram', { size: 1n, policy: 'bind' }],
    [
      'memory-backend-file,id=m,size=2M,mem-path=/dev/shm/a,,b',
      'memory-backend-file',
      { size: 2n << 20n, 'mem-path': '/dev/shm/a,b' },
    ],
    [
      'memory-backend-memfd,id=m,size=2M,hugetlb=on,hugetlbsize=2M',
      'memory-backend-memfd',
      { size: 2n << 20n, hugetlb: true, hugetlbsize: 2n << 20n },
    ],
    [json({ 'qom-type': 'iommufd', id: 'm', fd: '22' }), 'iommufd', { fd: '22' }],
    [ram({ size: 8192, share: false, policy: 'default' }), 'memory-backend-ram', { size: 8192n, share: false, policy: 'default' }],
    [ram({ 'host-nodes': [0, 3] }), 'memory-backend-ram', { size: 4096n, 'host-nodes': [0n, 3n] }],
  ])('%s', (text, type, values) => {
    const spec = own(text);
    expect({ id: spec.id, type: spec.type.name, values: Object.fromEntries(spec.values), location: spec.location }).toEqual({
      id: 'm',
      type,
      values,
      location: `-object ${text}`,
    });
  });

  test('exact 64-bit sizes in both forms', () => {
    const largest = 2n ** 64n - 1n;
    expect(own('memory-backend-ram,id=m,size=18446744073709551615').values.get('size')).toBe(largest);
    expect(own('{"qom-type":"memory-backend-ram","id":"m","size":18446744073709551615}').values.get('size')).toBe(largest);
    expect(own('{"qom-type":"memory-backend-ram","id":"m","size":9007199254740993}').values.get('size')).toBe(9007199254740993n);
  });

  test.each([
    ['the last of equal keys', 'memory-backend-ram,id=m,size=1G,size=2M', 'size', 2n << 20n],
    ['all of a list', 'memory-backend-ram,id=m,size=1,host-nodes=0-2,host-nodes=5', 'host-nodes', [0n, 1n, 2n, 5n]],
  ])('%s', (_what, text, name, value) => {
    expect(own(text).values.get(name)).toEqual(value);
  });

  test('the first of several ids, as QEMU does', () => {
    expect(own('iommufd,id=m,id=n').id).toBe('m');
  });

  test('a type of the engine without looking at its properties', () => {
    expect(parse('rng-random,id=r,filename=/dev/urandom')).toEqual({
      engineType: 'rng-random',
      id: 'r',
      location: '-object rng-random,id=r,filename=/dev/urandom',
    });
    expect(parse(json({ 'qom-type': 'secret', id: 's', data: 'x' }))).toMatchObject({ engineType: 'secret', id: 's' });
  });

  test('a flag with a warning', () => {
    const warnings: OptsWarning[] = [];
    parse('memory-backend-ram,id=m,size=1,share', [], warnings);
    expect(warnings).toEqual([{ message: "short-form boolean option 'share' deprecated", hint: 'Please use share=on instead' }]);
  });
});

/** Messages as QEMU 10.0.2 prints them. */
describe('parseObject refuses', () => {
  test.each<[text: string, code: string, message: string]>([
    ['', 'PROPERTY_MISSING', "Parameter 'qom-type' is missing"],
    ['id=m', 'PROPERTY_MISSING', "Parameter 'qom-type' is missing"],
    ['iommufd', 'PROPERTY_MISSING', "Parameter 'id' is missing"],
    ['nosuch,id=m', 'TYPE_UNKNOWN', "Parameter 'qom-type' does not accept value 'nosuch'"],
    ['[1]', 'TYPE_UNKNOWN', "Parameter 'qom-type' does not accept value '[1]'"],
    ['iommufd,id=1a', 'ID_INVALID', "Parameter 'id' expects an identifier"],
    ['iommufd,id=m,bogus=1', 'PROPERTY_UNKNOWN', "Invalid parameter 'bogus'"],
    ['iommufd,id=m,compat=v3', 'VALUE_INVALID', "Parameter 'compat' does not accept value 'v3'"],
    ['iommu,id=m,compat=type1', 'PROPERTY_UNKNOWN', "Invalid parameter 'compat'"],
    ['memory-backend-ram,id=m', 'PROPERTY_MISSING', "Parameter 'size' is missing"],
    ['memory-backend-file,id=m,size=1M', 'PROPERTY_MISSING', "Parameter 'mem-path' is missing"],
    ['memory-backend-ram,id=m,size=x', 'VALUE_INVALID', "Parameter 'size' expects a size value"],
    ['memory-backend-ram,id=m,size=1,share=maybe', 'VALUE_INVALID', "Parameter 'share' expects 'on' or 'off'"],
    ['memory-backend-ram,id=m,size=1,share=ON', 'VALUE_INVALID', "Parameter 'share' expects 'on' or 'off'"],
    ['memory-backend-ram,id=m,size=1,policy=foo', 'VALUE_INVALID', "Parameter 'policy' does not accept value 'foo'"],
    [
      'memory-backend-ram,id=m,size=1,prealloc-threads=4294967296',
      'VALUE_INVALID',
      "Parameter 'prealloc-threads' expects uint32_t",
    ],
    ['memory-backend-ram,id=m,size=1,prealloc-threads=-1', 'VALUE_INVALID', "Parameter 'prealloc-threads' expects a uint64 value"],
    ['memory-backend-ram,id=m,size=1,host-nodes=x', 'VALUE_INVALID', "Parameter 'host-nodes' expects a uint64 value or range"],
    ['memory-backend-ram,id=m,size=1,host-nodes=3-1', 'VALUE_INVALID', "Parameter 'host-nodes' expects a uint64 value or range"],
    ['memory-backend-ram,id=m,size=1,host-nodes=65536', 'VALUE_INVALID', "Parameter 'null' expects uint16_t"],
    ['{"qom-type":"iommufd","id":"m"', 'SYNTAX', 'JSON parse error, premature EOI'],
    ['{"qom-type":"iommufd","id":"m","fd":"1","fd":"2"}', 'SYNTAX', 'JSON parse error, duplicate key'],
    [json({ id: 'm' }), 'PROPERTY_MISSING', "Parameter 'qom-type' is missing"],
    [json({ 'qom-type': 7 }), 'VALUE_INVALID', "Invalid parameter type for 'qom-type', expected: string"],
    [json({ 'qom-type': 'iommufd' }), 'PROPERTY_MISSING', "Parameter 'id' is missing"],
    [json({ 'qom-type': 'iommufd', id: 5 }), 'VALUE_INVALID', "Invalid parameter type for 'id', expected: string"],
    [json({ 'qom-type': 'iommufd', id: 'a/b' }), 'ID_INVALID', "Parameter 'id' expects an identifier"],
    [json({ 'qom-type': 'nosuch', id: 'm' }), 'TYPE_UNKNOWN', "Parameter 'qom-type' does not accept value 'nosuch'"],
    [json({ 'qom-type': 'iommufd', id: 'm', fd: 22 }), 'VALUE_INVALID', "Invalid parameter type for 'fd', expected: string"],
    [json({ 'qom-type': 'iommufd', id: 'm', bogus: 1 }), 'PROPERTY_UNKNOWN', "Parameter 'bogus' is unexpected"],
    [ram({ size: '16M' }), 'VALUE_INVALID', "Parameter 'size' expects uint64"],
    [ram({ size: 1.5 }), 'VALUE_INVALID', "Parameter 'size' expects uint64"],
    [ram({ size: -1 }), 'VALUE_INVALID', "Parameter 'size' expects uint64"],
    [ram({ size: null }), 'VALUE_INVALID', "Parameter 'size' expects uint64"],
    ['{"qom-type":"memory-backend-ram","id":"m","size":1.0}', 'VALUE_INVALID', "Parameter 'size' expects uint64"],
    ['{"qom-type":"memory-backend-ram","id":"m","size":1.6e7}', 'VALUE_INVALID', "Parameter 'size' expects uint64"],
    ['{"qom-type":"memory-backend-ram","id":"m","size":18446744073709551616}', 'VALUE_INVALID', "Parameter 'size' expects uint64"],
    [ram({ share: 'on' }), 'VALUE_INVALID', "Invalid parameter type for 'share', expected: boolean"],
    [ram({ share: 1 }), 'VALUE_INVALID', "Invalid parameter type for 'share', expected: boolean"],
    [ram({ policy: 'foo' }), 'VALUE_INVALID', "Parameter 'policy' does not accept value 'foo'"],
    [ram({ 'prealloc-threads': '1' }), 'VALUE_INVALID', "Parameter 'prealloc-threads' expects uint64"],
    [ram({ 'prealloc-threads': -1 }), 'VALUE_INVALID', "Parameter 'prealloc-threads' expects uint32_t"],
    [ram({ 'prealloc-threads': 2 ** 32 }), 'VALUE_INVALID', "Parameter 'prealloc-threads' expects uint32_t"],
    [ram({ 'host-nodes': 1 }), 'VALUE_INVALID', "Invalid parameter type for 'host-nodes', expected: array"],
    [ram({ 'host-nodes': ['a'] }), 'VALUE_INVALID', "Parameter 'host-nodes[0]' expects uint64"],
    [ram({ 'host-nodes': [0, 65536] }), 'VALUE_INVALID', "Parameter 'null' expects uint16_t"],
    [json({ 'qom-type': 'memory-backend-ram', id: 'm' }), 'PROPERTY_MISSING', "Parameter 'size' is missing"],
  ])('%s', (text, code, message) => {
    expect(problemOf(() => parse(text))).toMatchObject({ code, message, severity: 'error' });
  });

  test('an id that an earlier object has, in key=value form', () => {
    expect(problemOf(() => parse('iommufd,id=m', ['m']))).toMatchObject({
      code: 'ID_DUPLICATE',
      message: "Duplicate ID 'm' for object",
    });
  });

  test('says where, except for the id of a JSON object, as QEMU', () => {
    expect(problemOf(() => parse('iommufd,id=1a')).location).toBe('-object iommufd,id=1a');
    expect(problemOf(() => parse(ram({ share: 'on' }))).location).toBe(`-object ${ram({ share: 'on' })}`);
    expect(problemOf(() => parse(json({ 'qom-type': 'iommufd', id: '1a' }))).location).toBeUndefined();
  });

  test('proposes what was meant', () => {
    expect(problemOf(() => parse('iomufd,id=m')).fixes?.[0]).toBe('did you mean iommufd');
    expect(problemOf(() => parse('memory-backend-ram,id=m,size=1,shared=on')).fixes?.[0]).toBe('did you mean share=');
  });

  test.each([
    ['memory-backend-ram,id=m,size=1,policy=foo', /^policy= takes one of default, preferred, bind, interleave$/],
    [ram({ share: 'on' }), /^share= takes on or off/],
    [ram({ size: '16M' }), /^size= takes a size/],
  ])('says what the property takes: %s', (text, cause) => {
    const problem = problemOf(() => parse(text));
    expect(problem.cause).toMatch(cause);
    expect(problem.fixes?.length).toBeGreaterThan(0);
  });
});
