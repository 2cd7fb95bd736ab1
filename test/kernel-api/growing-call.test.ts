import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { callGrowing, readCapabilityChain } from '../../src/kernel/growing-call.ts';
import { decode, encode } from '../../src/kernel/uapi/codec.ts';
import { asBytes, fakeKernel } from './fake-kernel.ts';

/** A region whose answer needs the given lengths, one after the other. */
const region = (...needs: number[]) => {
  const asked: number[] = [];
  const kernel = fakeKernel({
    ioctl: (_fd, _request, argument) => {
      const bytes = asBytes(argument);
      const { argsz, index } = decode('vfio_region_info', bytes);
      const need = needs[Math.min(asked.length, needs.length - 1)] ?? 0;
      asked.push(argsz);
      bytes.set(encode('vfio_region_info', { argsz: Math.max(need, 32), index, cap_offset: need <= argsz ? 32 : 0 }));
      return 0;
    },
  });
  return { kernel, asked };
};

describe('callGrowing', () => {
  test.each([
    { what: 'fits at once', needs: [32], asked: [32] },
    { what: 'needs more room', needs: [72], asked: [32, 72] },
    { what: 'grows meanwhile', needs: [72, 88], asked: [32, 72, 88] },
  ])('an answer that $what', ({ needs, asked }) => {
    const host = region(...needs);
    const bytes = callGrowing(host.kernel, 5, 'VFIO_DEVICE_GET_REGION_INFO', { index: 2 });
    expect(host.asked).toEqual(asked);
    expect(bytes.length).toBe(asked.at(-1));
    expect(decode('vfio_region_info', bytes)).toMatchObject({ index: 2, cap_offset: 32 });
  });

  test('a length that no kernel answers is an error, not an allocation', () => {
    expect(() => callGrowing(region(0xffff_ffff).kernel, 5, 'VFIO_DEVICE_GET_REGION_INFO')).toThrow('4294967295 bytes');
  });
});

/** Bytes with capability headers at given offsets. */
const chain = (length: number, headers: Readonly<Record<number, { id: number; version: number; next: number }>>): Uint8Array => {
  const bytes = new Uint8Array(length);
  for (const [offset, header] of Object.entries(headers)) bytes.set(encode('vfio_info_cap_header', header), Number(offset));
  return bytes;
};

describe('readCapabilityChain', () => {
  test('follows the chain in its own order', () => {
    const bytes = chain(64, {
      24: { id: 1, version: 1, next: 48 },
      32: { id: 3, version: 2, next: 0 },
      48: { id: 2, version: 1, next: 32 },
    });
    expect(readCapabilityChain(bytes, 24)).toEqual([
      { id: 1, version: 1, offset: 24 },
      { id: 2, version: 1, offset: 48 },
      { id: 3, version: 2, offset: 32 },
    ]);
  });

  test('is empty when there is no first capability', () => {
    expect(readCapabilityChain(new Uint8Array(24), 0)).toEqual([]);
  });

  test.each([
    { what: 'points to itself', headers: { 24: { id: 1, version: 1, next: 24 } }, message: 'comes back to offset 24' },
    {
      what: 'goes round',
      headers: { 24: { id: 1, version: 1, next: 40 }, 40: { id: 2, version: 1, next: 24 } },
      message: 'comes back to offset 24',
    },
    {
      what: 'leaves the struct',
      headers: { 24: { id: 1, version: 1, next: 60 } },
      message: 'leaves the 64 bytes of its struct at offset 60',
    },
  ])('refuses a chain that $what', ({ headers, message }) => {
    expect(() => readCapabilityChain(chain(64, headers), 24)).toThrow(message);
  });

  test('ends on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 256 }), fc.nat(300), (bytes, first) => {
        try {
          expect(readCapabilityChain(bytes, first).length).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toMatchObject({ name: 'VmattachError' });
        }
      }),
    );
  });
});
