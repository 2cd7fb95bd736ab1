import { describe, expect, test } from 'vitest';
import { ENGINE_OBJECT_TYPES } from '../../src/objects/engine-object-types.ts';
import { findObjectType, isMemoryBackend, OBJECT_TYPES } from '../../src/objects/object-types.ts';
import { kindLabel } from '../../src/objects/property.ts';

type Row = readonly [name: string, type: string, byDefault?: string];

const MEMORY_BACKEND: readonly Row[] = [
  ['size', 'int'],
  ['share', 'bool', 'off'],
  ['prealloc', 'bool', 'off'],
  ['prealloc-threads', 'int', '1'],
  ['prealloc-context', 'link<thread-context>'],
  ['merge', 'bool', 'on'],
  ['dump', 'bool', 'on'],
  ['reserve', 'bool', 'on'],
  ['policy', 'HostMemPolicy', 'default'],
  ['host-nodes', 'int'],
  ['x-use-canonical-path-for-ramblock-id', 'bool', 'off'],
];

/** Names and types as `-object TYPE,help` of QEMU 10.0 lists them; `compat` is our own. */
const EXPECTED: Readonly<Record<string, readonly Row[]>> = {
  iommufd: [
    ['fd', 'string'],
    ['compat', 'IOMMUFDCompat'],
  ],
  iommu: [['fd', 'string']],
  'memory-backend-ram': MEMORY_BACKEND,
  'memory-backend-file': [
    ...MEMORY_BACKEND,
    ['mem-path', 'string'],
    ['offset', 'int', '0'],
    ['align', 'int'],
    ['discard-data', 'bool', 'off'],
    ['pmem', 'bool', 'off'],
    ['readonly', 'bool', 'off'],
    ['rom', 'OnOffAuto', 'auto'],
  ],
  'memory-backend-memfd': [
    ...MEMORY_BACKEND.map((row): Row => (row[0] === 'share' ? ['share', 'bool', 'on'] : row)),
    ['hugetlb', 'bool', 'off'],
    ['hugetlbsize', 'int'],
    ['seal', 'bool', 'on'],
  ],
};

describe('OBJECT_TYPES', () => {
  test('are those that are created here', () => {
    expect(OBJECT_TYPES.map(({ name }) => name).toSorted()).toEqual(Object.keys(EXPECTED).toSorted());
  });

  test.each(Object.entries(EXPECTED))('%s has the properties of QEMU, with their types and defaults', (name, rows) => {
    const properties = findObjectType(name)?.properties ?? [];
    expect(properties.map((property) => [property.name, kindLabel(property.type), property.default]).toSorted()).toEqual(
      rows.map(([property, type, byDefault]) => [property, type, byDefault]).toSorted(),
    );
  });

  test.each(OBJECT_TYPES)('$name names no property twice and describes each in half a line', ({ properties }) => {
    expect(new Set(properties.map(({ name }) => name)).size).toBe(properties.length);
    expect(properties.filter(({ description }) => description === undefined || /^$|\.$|\n/.test(description))).toEqual([]);
  });

  test.each(OBJECT_TYPES)('$name is created early unless it is a memory backend', ({ name, creation }) => {
    expect(creation).toBe(isMemoryBackend(name) ? 'late' : 'early');
  });

  test.each([
    ['memory-backend-ram', ['size']],
    ['memory-backend-memfd', ['size']],
    ['memory-backend-file', ['size', 'mem-path']],
    ['iommufd', []],
  ])('%s requires %j', (name, required) => {
    expect(
      findObjectType(name)
        ?.properties.filter((property) => property.required)
        .map((property) => property.name),
    ).toEqual(required);
  });

  test('are none of the types that only an engine creates', () => {
    expect(OBJECT_TYPES.filter(({ name }) => ENGINE_OBJECT_TYPES.has(name))).toEqual([]);
  });
});
