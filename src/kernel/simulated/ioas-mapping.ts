import { PAGE_SIZE } from './address-space.ts';
import { check, errno } from './errno-exception.ts';
import type { Ioas, IoasArea } from './ioas.ts';
import type { IoasPages } from './ioas-pages.ts';
import { areaRange } from './iova-map.ts';
import { overlaps, U64_MAX, type IovaRange } from './iova-range.ts';
import { isAtLeast, type World } from './world.ts';

/** Automatic IOVAs keep the alignment of the memory up to a huge page, so that it can be mapped by one. */
const HUGE_PAGE_SIZE = 0x20_0000n;

/** Automatic IOVAs are searched for in a 64-bit half, to leave room for rounding. */
const LONGEST = U64_MAX / 2n;

/** Bytes that one pages object can have. */
export const LONGEST_PAGES = U64_MAX - PAGE_SIZE;

const lowestBit = (value: bigint): bigint => (value === 0n ? LONGEST : value & -value);

const roundUpToPowerOfTwo = (value: bigint): bigint => 1n << BigInt((value - 1n).toString(2).length);

const minimum = (...values: readonly bigint[]): bigint => values.reduce((least, value) => (value < least ? value : least));

/** iopt_alloc_iova: the lowest free place that is aligned as the memory is, offset in the page included; never IOVA 0. @throws ErrnoException ENOSPC, EOVERFLOW */
export const allocateIova = (ioas: Ioas, start: bigint, length: bigint): bigint => {
  check(length < LONGEST, 'EOVERFLOW');
  const wanted = length === 1n ? 1n : minimum(roundUpToPowerOfTwo(length), lowestBit(start), HUGE_PAGE_SIZE);
  const alignment = wanted > ioas.alignment ? wanted : ioas.alignment;
  for (const range of ioas.free) {
    const from = range.start < PAGE_SIZE ? PAGE_SIZE : range.start;
    const iova = ((from + alignment - 1n) / alignment) * alignment + (start % PAGE_SIZE);
    if (iova + length - 1n <= range.last) return iova;
  }
  throw errno('ENOSPC');
};

/**
 * The checks of user memory that is to be mapped, before its IOVA is looked at (iopt_alloc_user_pages).
 * @throws ErrnoException EINVAL for a length next to 2^64, EOVERFLOW for a range past it; until 6.12 in this order, then in the other
 */
export const checkUserRange = (world: World, address: bigint, length: bigint): void => {
  if (!isAtLeast(world, 6, 13)) check(length <= LONGEST_PAGES, 'EINVAL');
  check(address + length <= U64_MAX, 'EOVERFLOW');
  check(length <= LONGEST_PAGES, 'EINVAL');
};

/** The checks of a map at a given IOVA. @throws ErrnoException EINVAL, EOVERFLOW, EEXIST */
export const checkFixedIova = (ioas: Ioas, iova: bigint, length: bigint): void => {
  check(iova % ioas.alignment === 0n, 'EINVAL');
  check(iova + length - 1n <= U64_MAX, 'EOVERFLOW');
  const range = areaRange({ iova, length });
  check(!ioas.reserved.some((reserved) => overlaps(reserved, range)), 'EINVAL');
  check(ioas.areas.overlapping(range).length === 0, 'EEXIST');
};

export interface MapRequest {
  readonly pages: IoasPages;
  readonly readable: boolean;
  readonly writable: boolean;
  /** Undefined lets the kernel choose. */
  readonly iova: bigint | undefined;
}

/** Maps whole pages objects. @returns the IOVA  @throws ErrnoException */
export const mapPages = (ioas: Ioas, { pages, readable, writable, iova }: MapRequest): bigint => {
  const { length } = pages;
  check(length > 0n && length % ioas.alignment === 0n, 'EINVAL');
  if (iova !== undefined) checkFixedIova(ioas, iova, length);
  const place = iova ?? allocateIova(ioas, pages.start(0n), length);
  ioas.insert({ iova: place, length, pages, offset: 0n, readable, writable });
  return place;
};

export interface UnmapOutcome {
  /** Bytes. */
  readonly unmapped: bigint;
  /** An area reaches out of the range. Those before it are gone all the same. */
  readonly isBisecting: boolean;
}

/** Removes the areas that lie in the range, in order, until one does not (iopt_unmap_iova_range). */
export const unmapRange = (ioas: Ioas, range: IovaRange): UnmapOutcome => {
  let unmapped = 0n;
  for (const area of ioas.areas.overlapping(range)) {
    const { start, last } = areaRange(area);
    if (start < range.start || last > range.last) return { unmapped, isBisecting: true };
    ioas.remove(area);
    unmapped += area.length;
  }
  return { unmapped, isBisecting: false };
};

const partOf = (
  { iova, pages, offset, readable, writable }: IoasArea,
  start: bigint,
  end: bigint,
): Parameters<Ioas['insert']>[0] => ({
  iova: start,
  length: end - start,
  pages: pages.part(offset + start - iova, end - start),
  offset: 0n,
  readable,
  writable,
});

/** Cuts the area across `iova` in two, so that each part can be unmapped alone (iopt_cut_iova). @throws ErrnoException EINVAL inside a page */
export const cutAt = (ioas: Ioas, iova: bigint): void => {
  const area = ioas.areas.at(iova);
  if (area === undefined || area.iova === iova) return;
  check((area.pages.start(area.offset) + iova - area.iova) % ioas.alignment === 0n, 'EINVAL');
  ioas.remove(area);
  ioas.insert(partOf(area, area.iova, iova));
  ioas.insert(partOf(area, iova, area.iova + area.length));
};
