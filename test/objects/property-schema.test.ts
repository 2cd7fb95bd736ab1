import { describe, expect, test } from 'vitest';
import * as deviceValidators from '../../src/devices/generated/device-validators.js';
import { DEVICE_TYPES } from '../../src/devices/device-types.ts';
import * as objectValidators from '../../src/objects/generated/object-validators.js';
import { OBJECT_TYPES } from '../../src/objects/object-types.ts';
import type { Property, PropertyKind, PropertyKindName } from '../../src/objects/property.ts';
import { findValidator, validatorName } from '../../src/objects/validator-name.ts';
import { problemOf } from '../options/problem-of.ts';

/** JSON that each kind accepts and does not. */
const SAMPLES: Readonly<Record<PropertyKindName, { readonly good: readonly unknown[]; readonly bad: readonly unknown[] }>> = {
  string: { good: ['', 'x'], bad: [1, true, null, [], {}] },
  fd: { good: ['22', '@name'], bad: [22, null] },
  link: { good: ['iommufd0'], bad: [1, null] },
  'pci-host-address': { good: ['0000:01:00.0'], bad: [1, {}] },
  'uuid-or-auto': { good: ['auto'], bad: [false] },
  boolean: { good: [true, false], bad: ['on', 'off', 0, 1, null] },
  size: { good: [0, 4096, 2 ** 53], bad: ['1G', 0.5, -1, true] },
  uint8: { good: [0, 255], bad: [-1, 256, '1', 1.5] },
  uint32: { good: [0, 0xffff_ffff], bad: [-1, 2 ** 32, '1', 1.5] },
  int32: { good: [-(2 ** 31), 2 ** 31 - 1], bad: [2 ** 31, -(2 ** 31) - 1, '1'] },
  'uint16-list': { good: [[], [0, 65_535]], bad: [1, '0-1', [-1], [65_536], ['0']] },
  enum: { good: [], bad: ['nosuch', 1, null, true] },
  'pci-slot': { good: ['06.0', 3], bad: [true, 1.5, null] },
};

const good = (type: PropertyKind): readonly unknown[] => (type.kind === 'enum' ? type.values : SAMPLES[type.kind].good);

const TYPES = [
  ...OBJECT_TYPES.map((type) => ({ name: type.name, properties: type.properties, compiled: objectValidators })),
  ...DEVICE_TYPES.map((type) => ({ name: type.name, properties: type.properties, compiled: deviceValidators })),
];

const requiredValues = (properties: readonly Property[]): Record<string, unknown> =>
  Object.fromEntries(properties.filter(({ required }) => required).map(({ name, type }) => [name, good(type)[0]]));

describe.each(TYPES)('the compiled validator of $name', ({ name, properties, compiled }) => {
  const validate = findValidator(compiled, name);
  const base = requiredValues(properties);

  test('knows every property of the table, by the type that the table says', () => {
    for (const { name: property, type } of properties) {
      for (const value of good(type)) expect(validate({ ...base, [property]: value }), `${property}: ${String(value)}`).toBe(true);
      for (const value of SAMPLES[type.kind].bad) {
        expect(validate({ ...base, [property]: value }), `${property}: ${String(value)}`).toBe(false);
      }
    }
  });

  test('refuses a property that the table lacks', () => {
    expect(validate({ ...base, nosuch: 1 })).toBe(false);
    expect(validate.errors?.[0]).toMatchObject({ keyword: 'additionalProperties', params: { additionalProperty: 'nosuch' } });
  });

  test('wants the required properties and no others', () => {
    expect(validate(base)).toBe(true);
    for (const missing of Object.keys(base)) {
      const { [missing]: _left, ...rest } = base;
      expect(validate(rest)).toBe(false);
    }
  });
});

describe('findValidator', () => {
  test('is an internal error for a type without a compiled schema', () => {
    expect(problemOf(() => findValidator({}, 'x')).code).toBe('INTERNAL');
  });

  test('finds types with a dash in their name', () => {
    expect(validatorName('memory-backend-ram')).toBe('memory_backend_ram');
  });
});
