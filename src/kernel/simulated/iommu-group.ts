import { blocksViability, groupMembers } from '../../host/query.ts';
import type { GroupFacts, HostModel, PciDeviceFacts } from '../../host/model.ts';
import type { Segment } from './address-space.ts';
import { check } from './errno-exception.ts';
import { unitOf, type IommuUnit } from './iommu-unit.ts';
import type { IovaArea } from './iova-map.ts';
import { subtract, type IovaRange } from './iova-range.ts';

/** A mapping as a device sees it through its IOMMU. */
export interface TranslatedArea extends IovaArea {
  readonly readable: boolean;
  readonly writable: boolean;
  /** The pinned pages, in order from the first byte of the area. @throws ErrnoException EFAULT when they were never pinned and are gone */
  segments(): readonly Segment[];
}

/** The page table that a device's DMA goes through. */
export interface Translation {
  area(iova: bigint): TranslatedArea | undefined;
  /** A device has written: what dirty tracking finds later. */
  noteWrite?(range: IovaRange): void;
}

/** The kernel's struct iommu_group: who owns the DMA of its devices, and where it goes (drivers/iommu/iommu.c). */
export class IommuGroup {
  readonly id: number;
  readonly unit: IommuUnit;
  /** Ranges that cannot be mapped. RMRRs that may be relaxed are not among them. */
  readonly reserved: readonly IovaRange[];
  /** Null while the group is owned but attached nowhere: all DMA faults. */
  attached: Translation | null = null;
  readonly #model: HostModel;
  readonly #requiresDirectMap: boolean;
  #owner: object | null = null;
  #ownerCount = 0;

  constructor(model: HostModel, facts: GroupFacts) {
    this.id = facts.id;
    this.unit = unitOf(model, facts);
    this.#model = model;
    this.#requiresDirectMap = facts.reserved.some(({ type }) => type === 'direct');
    this.reserved = facts.reserved
      .filter(({ type }) => type !== 'direct-relaxable')
      .map(({ start, end }) => ({ start: BigInt(start), last: BigInt(end) }));
  }

  /** What a domain for this group can map: up to the IOMMU's last IOVA, without the reserved ranges. */
  get usable(): readonly IovaRange[] {
    return subtract([this.aperture], this.reserved);
  }

  get aperture(): IovaRange {
    return { start: 0n, last: this.unit.lastIova };
  }

  /** VFIO or an iommufd has the DMA. */
  get isOwned(): boolean {
    return this.#ownerCount > 0;
  }

  /** Whether anybody owns the DMA: VFIO, or host drivers that use the DMA API. */
  get isClaimed(): boolean {
    return this.isOwned || this.#hostDevices.length > 0;
  }

  get #hostDevices(): readonly PciDeviceFacts[] {
    return groupMembers(this.#model, this.id).filter(blocksViability);
  }

  /**
   * Takes the DMA ownership for `owner`; one owner may take it once for every device.
   * @throws ErrnoException EPERM while a host driver or another owner has it, EINVAL if firmware demands a 1:1 map
   */
  claim(owner: object): void {
    check(this.#owner === owner || !this.isClaimed, 'EPERM');
    check(!this.#requiresDirectMap, 'EINVAL');
    this.#owner = owner;
    this.#ownerCount += 1;
  }

  release(): void {
    this.#ownerCount -= 1;
    if (this.#ownerCount === 0) this.#owner = null;
  }
}
