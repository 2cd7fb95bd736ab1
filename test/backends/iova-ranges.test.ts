import { describe, expect, test } from 'vitest';
import type { AddressSpace, RamSection } from '../../src/backends/address-space.ts';
import { checkIovaRanges } from '../../src/backends/iova-ranges.ts';
import { problemOf } from '../options/problem-of.ts';
import { WORKSTATION } from '../plan/hosts.ts';
import { planOf } from '../plan/planning.ts';

const [PLANNED] = planOf('-device vfio-pci,host=06:00.0', WORKSTATION).spaces;

const spaceWith = (...sections: readonly RamSection[]): AddressSpace => {
  if (PLANNED === undefined) throw new Error('the plan has no address space');
  return { ...PLANNED, sections };
};

const section = (iova: bigint, size: bigint): RamSection => ({ iova, size, block: 'm', offset: 0n });

const RANGES = [
  { start: 0n, last: 0xfedf_ffffn },
  { start: 0xfef0_0000n, last: 0xffff_ffff_ffffn },
];

describe('checkIovaRanges', () => {
  test.each([
    ['RAM inside the first range', section(0n, 0x8000_0000n)],
    ['RAM that ends with a range', section(0xfed0_0000n, 0x10_0000n)],
    ['RAM that starts with a range', section(0xfef0_0000n, 0x1000n)],
    ['RAM up to the last address', section(0xffff_ffff_f000n, 0x1000n)],
  ])('accepts %s', (_what, ram) => {
    expect(() => checkIovaRanges(spaceWith(ram), RANGES)).not.toThrow();
  });

  test.each([
    ['over the gap', section(0xfed0_0000n, 0x30_0000n), '0xfed00000-0xfeffffff'],
    ['inside the gap', section(0xfee0_0000n, 0x1000n), '0xfee00000-0xfee00fff'],
    ['a page into the gap', section(0xfed0_0000n, 0x10_1000n), '0xfed00000-0xfee00fff'],
    ['past the last address', section(0xffff_ffff_f000n, 0x2000n), '0xfffffffff000-0x1000000000fff'],
  ])('refuses RAM %s', (_what, ram, where) => {
    expect(problemOf(() => checkIovaRanges(spaceWith(section(0n, 0x1000n), ram), RANGES))).toMatchObject({
      code: 'IOVA_RESERVED',
      message: 'memory listener initialization failed: Region m: guest RAM does not fit the usable IOVA ranges',
      cause: `guest RAM at ${where} is not inside one of 0x0-0xfedfffff, 0xfef00000-0xffffffffffff`,
    });
  });

  test('refuses all RAM where nothing is usable', () => {
    expect(problemOf(() => checkIovaRanges(spaceWith(section(0n, 0x1000n)), [])).code).toBe('IOVA_RESERVED');
  });
});
