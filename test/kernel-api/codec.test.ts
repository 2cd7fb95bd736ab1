import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { decode, encode, type StructValues } from '../../src/kernel/uapi/codec.ts';
import type { FieldType } from '../../src/kernel/uapi/field.ts';
import { STRUCTS, type StructLayout, type StructName } from '../../src/kernel/uapi/structs.ts';

const BYTES: Record<FieldType, number> = { u8: 1, u16: 2, u32: 4, u64: 8, s32: 4 };
const layouts = Object.entries<StructLayout>(STRUCTS);
const names = Object.keys(STRUCTS).filter((name): name is StructName => Object.hasOwn(STRUCTS, name));

const valueOf: Record<FieldType, fc.Arbitrary<number | bigint>> = {
  u8: fc.integer({ min: 0, max: 0xff }),
  u16: fc.integer({ min: 0, max: 0xffff }),
  u32: fc.integer({ min: 0, max: 0xffff_ffff }),
  u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  s32: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
};

/** The fields of a struct without the second and later members of a union. */
const distinctFields = ({ fields }: StructLayout): (readonly [string, FieldType])[] => {
  const offsets = new Set<number>();
  return Object.entries(fields).flatMap(([name, { offset, type }]) => {
    if (offsets.has(offset)) return [];
    offsets.add(offset);
    return [[name, type] as const];
  });
};

describe('STRUCTS', () => {
  test.each(layouts)('%s: every field lies inside and on its natural boundary', (_, { size, fields }) => {
    for (const { offset, type } of Object.values(fields)) {
      expect(offset + BYTES[type]).toBeLessThanOrEqual(size);
      expect(offset % BYTES[type]).toBe(0);
    }
  });

  test.each(layouts)('%s: its length field is the first one, and the minimum covers it', (_, { length, minimum, size, fields }) => {
    expect(minimum).toBeLessThanOrEqual(size);
    if (length === null) expect(Object.keys(fields)).not.toContain('argsz');
    else expect(fields[length]).toEqual({ offset: 0, type: 'u32' });
  });
});

describe('encode', () => {
  test.each(names)('%s: decode gives back every value', (name) => {
    const layout: StructLayout = STRUCTS[name];
    const record = fc.record(Object.fromEntries(distinctFields(layout).map(([field, type]) => [field, valueOf[type]])));
    fc.assert(
      fc.property(record, (values) => {
        expect(decode(name, encode(name, values))).toMatchObject(values);
      }),
      { numRuns: 30 },
    );
  });

  test('is the memory the kernel reads: little endian, at the offsets of the C struct', () => {
    const bytes = encode('iommu_ioas_map', {
      flags: 7,
      ioas_id: 1,
      user_va: 0x7f00_1234_5000n,
      length: 0x1000n,
      iova: 0x1_0000_0000n,
    });
    expect(Buffer.from(bytes).toString('hex')).toBe(
      ['28000000', '07000000', '01000000', '00000000', '00503412007f0000', '0010000000000000', '0000000001000000'].join(''),
    );
  });

  test.each([
    { name: 'vfio_group_status', bytes: encode('vfio_group_status'), length: { argsz: 8 } },
    { name: 'iommu_destroy', bytes: encode('iommu_destroy'), length: { size: 8 } },
    { name: 'with trailing bytes', bytes: encode('vfio_irq_set', {}, { trailing: 4 }), length: { argsz: 24 } },
    { name: 'given by the caller', bytes: encode('vfio_group_status', { argsz: 4 }), length: { argsz: 4 } },
  ])('fills the length: $name', ({ bytes, length }) => {
    expect(decode('vfio_group_status', bytes).argsz).toBe(Object.values(length)[0]);
  });

  test('does not take the size of a mapping for the length of its struct', () => {
    expect(decode('vfio_iommu_type1_dma_map', encode('vfio_iommu_type1_dma_map')).size).toBe(0n);
    expect(decode('vfio_bitmap', encode('vfio_bitmap')).size).toBe(0n);
  });

  test('sends the shorter historical struct when asked', () => {
    const bytes = encode('vfio_device_bind_iommufd', { iommufd: 7 }, { size: 16 });
    expect(bytes.length).toBe(16);
    expect(decode('vfio_device_bind_iommufd', bytes)).toMatchObject({ argsz: 16, iommufd: 7, token_uuid_ptr: 0n });
  });

  test.each<{ why: string; make: () => unknown; message: string }>([
    {
      why: 'too large for u32',
      make: () => encode('iommu_destroy', { id: 2 ** 32 }),
      message: 'iommu_destroy.id: 4294967296 does not fit u32',
    },
    { why: 'negative', make: () => encode('iommu_destroy', { id: -1 }), message: 'iommu_destroy.id: -1 does not fit u32' },
    { why: 'a fraction', make: () => encode('iommu_destroy', { id: 1.5 }), message: 'iommu_destroy.id: 1.5 is not a whole number' },
    {
      why: 'not a number',
      make: () => encode('iommu_destroy', { id: Number.NaN }),
      message: 'iommu_destroy.id: NaN is not a whole number',
    },
    { why: 'past 64 bits', make: () => encode('iommu_ioas_map', { iova: 2n ** 64n }), message: 'does not fit u64' },
    { why: 'below s32', make: () => encode('vfio_device_bind_iommufd', { iommufd: -(2 ** 31) - 1 }), message: 'does not fit s32' },
    {
      why: 'a value behind the bytes that are sent',
      make: () => encode('vfio_device_bind_iommufd', { token_uuid_ptr: 1n }, { size: 16 }),
      message: 'vfio_device_bind_iommufd.token_uuid_ptr: lies behind the 16 bytes that are sent',
    },
    {
      why: 'shorter than the kernel takes',
      make: () => encode('iommu_hwpt_alloc', {}, { size: 23 }),
      message: '23 bytes asked for, it has 24 to 48',
    },
    { why: 'longer than the struct', make: () => encode('iommu_hwpt_alloc', {}, { size: 49 }), message: '49 bytes asked for' },
    {
      why: 'a field the struct does not have',
      make: () => encode<StructName>('iommu_destroy', { ioas_id: 1 }),
      message: 'iommu_destroy: no field ioas_id',
    },
  ])('refuses $why', ({ make, message }) => {
    expect(make).toThrow(RangeError);
    expect(make).toThrow(message);
  });
});

describe('decode', () => {
  test('reads at an offset of a larger buffer, also when that is part of another one', () => {
    const memory = new Uint8Array(64);
    memory.set(encode('iommu_iova_range', { start: 1n, last: 2n ** 64n - 1n }), 24);
    expect(decode('iommu_iova_range', memory.subarray(8), 16)).toEqual({ start: 1n, last: 2n ** 64n - 1n });
  });

  test.each([
    { bytes: 15, offset: 0 },
    { bytes: 32, offset: 17 },
    { bytes: 32, offset: -1 },
  ])('refuses $bytes bytes from offset $offset for a struct of at least 16', ({ bytes, offset }) => {
    expect(() => decode('vfio_device_info', new Uint8Array(bytes), offset)).toThrow(RangeError);
  });

  test('has a type that follows the table', () => {
    expectTypeOf<StructValues<'iommu_ioas_unmap'>>().toEqualTypeOf<{
      size: number;
      ioas_id: number;
      iova: bigint;
      length: bigint;
    }>();
    expectTypeOf(decode<'vfio_bitmap'>).returns.toEqualTypeOf<{ pgsize: bigint; size: bigint; data: bigint }>();
  });
});
