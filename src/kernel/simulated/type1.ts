import { PAGE_SIZE, type Segment } from './address-space.ts';
import { check } from './errno-exception.ts';
import type { TranslatedArea, Translation } from './iommu-group.ts';
import { areaRange, IovaMap } from './iova-map.ts';
import { contains, intersect, overlaps, subtract, U64_MAX, type IovaRange } from './iova-range.ts';
import { PinnedPages } from './pinned-pages.ts';
import type { VfioGroup } from './vfio-group.ts';
import { allowsUnsafeInterrupts, type World } from './world.ts';

/** One VFIO_IOMMU_MAP_DMA. */
export interface DmaMapping extends TranslatedArea {
  readonly pages: PinnedPages;
  /** VFIO_DMA_UNMAP_FLAG_VADDR took the user address away; the pages stay mapped. */
  vaddrInvalid: boolean;
}

export interface MapRequest {
  readonly iova: bigint;
  readonly vaddr: bigint;
  readonly length: bigint;
  readonly readable: boolean;
  readonly writable: boolean;
}

/** The default of vfio_iommu_type1.dma_entry_limit. */
const DMA_ENTRY_LIMIT = 65_535;
/** What a container without a domain reports: every size from a page on. */
const ANY_PAGE_SIZE = U64_MAX - PAGE_SIZE + 1n;

/** The kernel's struct vfio_iommu: the mappings of a container and the groups they apply to (drivers/vfio/vfio_iommu_type1.c). */
export class Type1 implements Translation {
  readonly version: 1 | 2;
  readonly maps = new IovaMap<DmaMapping>();
  readonly groups = new Set<VfioGroup>();
  /** VFIO_IOMMU_DIRTY_PAGES_FLAG_START was given. */
  dirtyTracking = false;
  readonly #world: World;
  readonly #entryLimit: number;

  constructor(world: World, version: 1 | 2) {
    this.#world = world;
    this.version = version;
    this.#entryLimit = Number(world.model.modules['vfio_iommu_type1']?.parameters?.['dma_entry_limit'] ?? DMA_ENTRY_LIMIT);
  }

  area(iova: bigint): DmaMapping | undefined {
    return this.maps.at(iova);
  }

  get available(): number {
    return this.#entryLimit - this.maps.size;
  }

  get hasEmulatedGroup(): boolean {
    return [...this.groups].some(({ isEmulated }) => isEmulated);
  }

  /** No domain exists while only emulated groups are attached; nothing is pinned or checked then. */
  get hasDomain(): boolean {
    return [...this.groups].some(({ isEmulated }) => !isEmulated);
  }

  get enforcesCoherency(): boolean {
    return [...this.groups].every(({ iommuGroup }) => iommuGroup?.unit.enforcesCoherency ?? true);
  }

  /** Bitmap of the page sizes that every domain has. */
  get pageSizes(): bigint {
    return [...this.groups].reduce((sizes, { iommuGroup }) => sizes & (iommuGroup?.unit.pageSizes ?? ANY_PAGE_SIZE), ANY_PAGE_SIZE);
  }

  /** What can be mapped: undefined without a domain. */
  get usable(): readonly IovaRange[] | undefined {
    return this.hasDomain ? this.#usableWith([...this.groups]) : undefined;
  }

  /** @throws ErrnoException in the kernel's order: EBUSY, EINVAL, EPERM, and what pinning the present mappings answers */
  attach(group: VfioGroup): void {
    const { iommuGroup } = group;
    check(
      [...this.maps].every(({ vaddrInvalid }) => !vaddrInvalid),
      'EBUSY',
    );
    if (iommuGroup !== null) {
      check(
        [...this.maps].every((map) => contains(iommuGroup.aperture, areaRange(map))),
        'EINVAL',
      );
      const isReserved = (map: DmaMapping): boolean => iommuGroup.reserved.some((range) => overlaps(range, areaRange(map)));
      check(![...this.maps].some(isReserved), 'EINVAL');
      check(iommuGroup.unit.isolatedMsi || allowsUnsafeInterrupts(this.#world, 'vfio_iommu_type1'), 'EPERM');
      this.#pinAll();
      iommuGroup.attached = this;
    }
    this.groups.add(group);
  }

  detach(group: VfioGroup): void {
    this.groups.delete(group);
    if (group.iommuGroup !== null) group.iommuGroup.attached = null;
    if (!this.hasDomain) for (const map of this.maps) map.pages.unpin();
  }

  /** @throws ErrnoException EEXIST, ENOSPC, EINVAL, EFAULT, ENOMEM: the checks that come after those of the arguments */
  map({ iova, vaddr, length, readable, writable }: MapRequest): void {
    const range = areaRange({ iova, length });
    check(this.maps.overlapping(range).length === 0, 'EEXIST');
    check(this.available > 0, 'ENOSPC');
    check(this.usable?.some((usable) => contains(usable, range)) ?? true, 'EINVAL');
    const pages = new PinnedPages(this.#world, vaddr, length);
    if (this.hasDomain) pages.pin();
    const segments = (): readonly Segment[] => pages.segments();
    this.maps.insert({ iova, length, readable, writable, pages, vaddrInvalid: false, segments });
  }

  remove(map: DmaMapping): void {
    map.pages.unpin();
    this.maps.delete(map);
  }

  unmapAll(): void {
    for (const map of this.maps.overlapping({ start: 0n, last: U64_MAX })) this.remove(map);
  }

  #usableWith(groups: readonly VfioGroup[]): readonly IovaRange[] {
    const whole: readonly IovaRange[] = [{ start: 0n, last: U64_MAX }];
    const common = groups.reduce(
      (ranges, { iommuGroup }) => (iommuGroup === null ? ranges : intersect(ranges, iommuGroup.usable)),
      whole,
    );
    return subtract(common, []);
  }

  #pinAll(): void {
    const pinned: DmaMapping[] = [];
    try {
      for (const map of this.maps) {
        if (map.pages.isPinned) continue;
        map.pages.pin();
        pinned.push(map);
      }
    } catch (error) {
      for (const map of pinned) map.pages.unpin();
      throw error;
    }
  }
}
