import { failure } from '../errors/problem.ts';
import type { AddressSpace, RamSection } from './address-space.ts';
import type { IovaRange } from './slots.ts';

export const hex = (value: bigint): string => `0x${value.toString(16)}`;

const formatRange = (range: IovaRange): string => `${hex(range.start)}-${hex(range.last)}`;

const fits = (section: RamSection, ranges: readonly IovaRange[]): boolean =>
  ranges.some((range) => section.iova >= range.start && section.iova + section.size - 1n <= range.last);

/**
 * Checks guest RAM against what the IOMMU can translate, before anything is mapped. QEMU has no such check: there the map
 * call fails with EINVAL and nobody says why.
 * @throws IOVA_RESERVED
 */
export const checkIovaRanges = (space: AddressSpace, ranges: readonly IovaRange[]): void => {
  const misfit = space.sections.find((section) => !fits(section, ranges));
  if (misfit === undefined) {
    return;
  }
  const last = misfit.iova + misfit.size - 1n;
  throw failure(
    'IOVA_RESERVED',
    `memory listener initialization failed: Region ${misfit.block}: guest RAM does not fit the usable IOVA ranges`,
    {
      subject: space.id,
      cause: `guest RAM at ${hex(misfit.iova)}-${hex(last)} is not inside one of ${ranges.map(formatRange).join(', ')}`,
      fixes: ['give the VM less RAM with -m, so that it ends below the gap'],
    },
  );
};
