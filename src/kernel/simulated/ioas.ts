import { PAGE_SIZE } from './address-space.ts';
import type { Binding } from './binding.ts';
import { check } from './errno-exception.ts';
import type { Hwpt } from './hwpt.ts';
import type { IoasPages } from './ioas-pages.ts';
import type { TranslatedArea, Translation } from './iommu-group.ts';
import { areaRange, IovaMap } from './iova-map.ts';
import { overlaps, subtract, U64_MAX, type IovaRange } from './iova-range.ts';

/** One map of an IOAS: `length` bytes of `pages` from `offset` on. */
export interface IoasArea extends TranslatedArea {
  readonly pages: IoasPages;
  readonly offset: bigint;
}

export type AreaRequest = Omit<IoasArea, 'segments'>;

const WHOLE: IovaRange = { start: 0n, last: U64_MAX };

/** A VT-d page table has no entry that allows nothing (intel_iommu_map_pages in drivers/iommu/intel/iommu.c). */
const checkAccess = ({ unit }: Hwpt, { readable, writable }: AreaRequest): void =>
  check(readable || writable || unit.type !== 'intel', 'EINVAL');

/** An I/O address space (the kernel's struct io_pagetable, drivers/iommu/iommufd/io_pagetable.c). */
export class Ioas implements Translation {
  readonly kind = 'ioas';
  readonly id: number;
  readonly areas = new IovaMap<IoasArea>();
  readonly hwpts = new Set<Hwpt>();
  /** Mediated devices that are attached; they take an IOAS as it is. */
  readonly accesses = new Set<Binding>();
  /** IOMMU_OPTION_HUGE_PAGES; without them a map can be cut at any page. */
  largePages = true;
  #allowed: readonly IovaRange[] = [];
  /** What cannot be mapped, by the device or page table that says so. */
  readonly #reserved = new Map<object, readonly IovaRange[]>();

  constructor(id: number) {
    this.id = id;
  }

  get isUsed(): boolean {
    return this.hwpts.size > 0 || this.accesses.size > 0;
  }

  /** Bytes. */
  get alignment(): bigint {
    return this.isUsed || !this.largePages ? PAGE_SIZE : 1n;
  }

  get reserved(): readonly IovaRange[] {
    return [...this.#reserved.values()].flat();
  }

  /** What can be mapped, whether it is mapped or not. */
  get usable(): readonly IovaRange[] {
    return subtract([WHOLE], this.reserved);
  }

  /** Where automatic IOVAs come from. */
  get free(): readonly IovaRange[] {
    return subtract(this.#allowed.length > 0 ? this.#allowed : this.usable, [...this.areas].map(areaRange));
  }

  area(iova: bigint): IoasArea | undefined {
    return this.areas.at(iova);
  }

  /** @throws ErrnoException EINVAL once there are maps in a page table, EADDRINUSE for maps that are not of whole pages */
  disableLargePages(): void {
    if (!this.largePages) return;
    check(this.hwpts.size === 0 || this.areas.size === 0, 'EINVAL');
    this.#checkWholePages();
    this.largePages = false;
  }

  /** IOMMU_IOAS_ALLOW_IOVAS. @throws ErrnoException EADDRINUSE for what is reserved */
  allow(ranges: readonly IovaRange[]): void {
    const { reserved } = this;
    check(!ranges.some((range) => reserved.some((other) => overlaps(range, other))), 'EADDRINUSE');
    this.#allowed = ranges;
  }

  /** Takes ranges out. @throws ErrnoException EADDRINUSE when they are mapped or were promised by `allow` */
  reserve(owner: object, ranges: readonly IovaRange[]): void {
    for (const range of ranges) {
      check(this.areas.overlapping(range).length === 0, 'EADDRINUSE');
      check(!this.#allowed.some((allowed) => overlaps(allowed, range)), 'EADDRINUSE');
    }
    this.#reserved.set(owner, ranges);
  }

  unreserve(owner: object): void {
    this.#reserved.delete(owner);
  }

  #checkWholePages(): void {
    const isWhole = ({ iova, length, pages, offset }: IoasArea): boolean =>
      (iova | length | pages.start(offset)) % PAGE_SIZE === 0n;
    check([...this.areas].every(isWhole), 'EADDRINUSE');
  }

  /**
   * A page table takes over all maps; those that were only noted down are pinned now.
   * @throws ErrnoException EADDRINUSE for maps it cannot hold, EFAULT, ENOMEM
   */
  addDomain(hwpt: Hwpt): void {
    this.#checkWholePages();
    this.reserve(hwpt, subtract([WHOLE], [{ start: 0n, last: hwpt.unit.lastIova }]));
    const pinned: IoasArea[] = [];
    try {
      for (const area of this.areas) {
        area.pages.pin();
        pinned.push(area);
        checkAccess(hwpt, area);
      }
    } catch (error) {
      for (const { pages } of pinned) pages.unpin();
      this.unreserve(hwpt);
      throw error;
    }
    this.hwpts.add(hwpt);
  }

  removeDomain(hwpt: Hwpt): void {
    this.hwpts.delete(hwpt);
    this.unreserve(hwpt);
    for (const { pages } of this.areas) pages.unpin();
  }

  /**
   * Adds an area whose IOVA the caller has checked.
   * @throws ErrnoException EPERM to write what was mapped for reading only, EINVAL for memory at the wrong offset in its page, and
   * what pinning answers; without a domain nothing is pinned
   */
  insert(request: AreaRequest): IoasArea {
    const { pages, offset, length, writable } = request;
    check(!writable || pages.isWritable, 'EPERM');
    check(pages.start(offset) % this.alignment === 0n, 'EINVAL');
    let pins = 0;
    try {
      for (const hwpt of this.hwpts) {
        pages.pin();
        pins += 1;
        checkAccess(hwpt, request);
      }
    } catch (error) {
      for (; pins > 0; pins -= 1) pages.unpin();
      throw error;
    }
    const area: IoasArea = { ...request, segments: () => pages.segments(offset, length) };
    this.areas.insert(area);
    return area;
  }

  /** Adds all areas or none. @throws ErrnoException as `insert` */
  insertAll(requests: readonly AreaRequest[]): void {
    const done: IoasArea[] = [];
    try {
      for (const request of requests) done.push(this.insert(request));
    } catch (error) {
      for (const area of done) this.remove(area);
      throw error;
    }
  }

  remove(area: IoasArea): void {
    for (const _ of this.hwpts) area.pages.unpin();
    this.areas.delete(area);
  }

  unmapAll(): void {
    for (const area of this.areas.overlapping(WHOLE)) this.remove(area);
  }
}
