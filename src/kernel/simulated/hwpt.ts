import { PAGE_SIZE } from './address-space.ts';
import type { GroupAttachment } from './iommufd-context.ts';
import type { Ioas, IoasArea } from './ioas.ts';
import type { Translation } from './iommu-group.ts';
import type { IommuUnit } from './iommu-unit.ts';
import type { IovaRange } from './iova-range.ts';

export interface HwptFeatures {
  /** Made by an attach to an IOAS, and gone with its last user. */
  readonly isAuto: boolean;
  readonly dirtyTracking: boolean;
  readonly nestParent: boolean;
}

/** A hardware page table that holds what its IOAS maps (drivers/iommu/iommufd/hw_pagetable.c). */
export class Hwpt implements Translation {
  readonly kind = 'hwpt';
  readonly id: number;
  readonly ioas: Ioas;
  readonly unit: IommuUnit;
  readonly features: HwptFeatures;
  readonly users = new Set<GroupAttachment>();
  isTrackingDirty = false;
  /** IOVAs of pages that were written to since they were last asked for. */
  readonly dirtyPages = new Set<bigint>();

  constructor(id: number, ioas: Ioas, unit: IommuUnit, features: HwptFeatures) {
    this.id = id;
    this.ioas = ioas;
    this.unit = unit;
    this.features = features;
  }

  get isUsed(): boolean {
    return this.users.size > 0;
  }

  area(iova: bigint): IoasArea | undefined {
    return this.ioas.area(iova);
  }

  noteWrite({ start, last }: IovaRange): void {
    if (!this.isTrackingDirty) return;
    for (let page = start - (start % PAGE_SIZE); page <= last; page += PAGE_SIZE) this.dirtyPages.add(page);
  }
}
