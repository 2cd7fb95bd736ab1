import type { OwnedFd } from '../kernel/owned-fd.ts';
import type { AddressSpace, AttachDevice, IommufdObject } from './address-space.ts';
import { slot, type Slot } from './session.ts';

/** Guest RAM that exists: where it is mapped here, and the file behind it if any. */
export interface RamBlockMemory {
  readonly address: bigint;
  /** Bytes. */
  readonly size: bigint;
  readonly file: OwnedFd | undefined;
  /** Bytes into the file where the block starts. */
  readonly fileOffset: bigint;
  /** The file is a memfd or on hugetlbfs, which IOMMU_IOAS_MAP_FILE can pin. */
  readonly mapsByFile: boolean;
}

/** A hardware page table and the devices attached to it. */
export interface SharedHwpt {
  readonly id: number;
  readonly users: Set<string>;
}

/** What VFIO_DEVICE_GET_INFO said. */
export interface DeviceInfo {
  readonly flags: number;
  readonly regions: number;
  readonly interrupts: number;
}

/** Usable I/O addresses, both ends inclusive. */
export interface IovaRange {
  readonly start: bigint;
  readonly last: bigint;
}

export const ramSlot = (block: string): Slot<RamBlockMemory> => slot(`RAM block ${block}`);
export const iommufdSlot = (object: IommufdObject): Slot<OwnedFd> => slot(`iommufd of ${object.path}`);
export const ioasSlot = (space: AddressSpace): Slot<number> => slot(`IOAS of ${space.id}`);
export const hwptsSlot = (space: AddressSpace): Slot<SharedHwpt[]> => slot(`HWPTs of ${space.id}`);
/** The fd that takes container ioctls: a container, or the iommufd itself for its compat layer. */
export const containerSlot = (space: AddressSpace): Slot<OwnedFd> =>
  space.backend === 'iommufd-compat' && space.object !== undefined ? iommufdSlot(space.object) : slot(`container of ${space.id}`);
export const groupSlot = (group: number): Slot<OwnedFd> => slot(`fd of group ${group}`);
export const rangesSlot = (space: AddressSpace): Slot<readonly IovaRange[]> => slot(`IOVA ranges of ${space.id}`);
export const deviceFdSlot = (device: AttachDevice): Slot<OwnedFd> => slot(`fd of ${device.path}`);
export const deviceIdSlot = (device: AttachDevice): Slot<number> => slot(`iommufd id of ${device.path}`);
export const deviceInfoSlot = (device: AttachDevice): Slot<DeviceInfo> => slot(`info of ${device.path}`);
