import type { Segment } from './address-space.ts';
import type { Charge } from './memlock.ts';
import type { World } from './world.ts';

/** The pages of one type1 mapping. Pinned, they outlive the user's own mapping of them and are charged to the process. */
export class PinnedPages {
  readonly #world: World;
  readonly #length: bigint;
  #address: bigint;
  #segments: readonly Segment[] | null = null;
  #charge: Charge | null = null;

  constructor(world: World, address: bigint, length: bigint) {
    this.#world = world;
    this.#address = address;
    this.#length = length;
  }

  get isPinned(): boolean {
    return this.#segments !== null;
  }

  /** @throws ErrnoException EFAULT, ENOMEM above RLIMIT_MEMLOCK */
  pin(): void {
    const segments = this.#world.memory.pin(this.#address, this.#length);
    // A BAR has no struct page to account (is_invalid_reserved_pfn in vfio_iommu_type1.c).
    const pages = segments.filter(({ mmio }) => !mmio).reduce((sum, { length }) => sum + length, 0);
    this.#charge = this.#world.memlock.charge('type1', BigInt(pages));
    this.#segments = segments;
  }

  unpin(): void {
    this.#charge?.release();
    this.#charge = null;
    this.#segments = null;
  }

  /** The user has the same memory at another address now (VFIO_DMA_MAP_FLAG_VADDR). */
  moveTo(address: bigint): void {
    this.#address = address;
  }

  /** @throws ErrnoException EFAULT when nothing is pinned and the address means nothing */
  segments(): readonly Segment[] {
    return this.#segments ?? this.#world.memory.pin(this.#address, this.#length);
  }
}
