import { TYPE1_INFO_CAPABILITY, TYPE1_INFO_FLAGS } from '../uapi/constants.ts';
import { encode } from '../uapi/codec.ts';
import { STRUCTS } from '../uapi/structs.ts';
import type { IoctlArgument } from '../kernel.ts';
import type { Handler } from './handler.ts';
import type { IovaRange } from './iova-range.ts';
import { vfioStruct } from './struct-argument.ts';
import type { Type1 } from './type1.ts';
import type { World } from './world.ts';

const { CAP_IOVA_RANGE, CAP_MIGRATION, DMA_AVAIL } = TYPE1_INFO_CAPABILITY;
const MAX_DIRTY_BITMAP_SIZE = 0x1000_0000n;
const CAPABILITY_ALIGNMENT = 8;

/** A capability at an offset of the info struct, with the offset of the one behind it. */
type Capability = (next: number) => Uint8Array;

const migration: Capability = (next) =>
  encode('vfio_iommu_type1_info_cap_migration', {
    'header.id': CAP_MIGRATION,
    'header.version': 1,
    'header.next': next,
    pgsize_bitmap: 0x1000n,
    max_dirty_bitmap_size: MAX_DIRTY_BITMAP_SIZE,
  });

export const dmaAvailable =
  (avail: number): Capability =>
  (next) =>
    encode('vfio_iommu_type1_info_dma_avail', { 'header.id': DMA_AVAIL, 'header.version': 1, 'header.next': next, avail });

export const iovaRanges =
  (ranges: readonly IovaRange[]): Capability =>
  (next) => {
    const head = encode('vfio_iommu_type1_info_cap_iova_range', {
      'header.id': CAP_IOVA_RANGE,
      'header.version': 1,
      'header.next': next,
      nr_iovas: ranges.length,
    });
    const tail = ranges.flatMap(({ start, last }) => [...encode('vfio_iova_range', { start, end: last })]);
    return Uint8Array.from([...head, ...tail]);
  };

const aligned = (length: number): number => Math.ceil(length / CAPABILITY_ALIGNMENT) * CAPABILITY_ALIGNMENT;

/** Capabilities one after the other, the first at `offset` of the struct; `next` counts from the struct's start. */
const chain = (capabilities: readonly Capability[], offset: number): Uint8Array => {
  const lengths = capabilities.map((capability) => aligned(capability(0).length));
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let position = 0;
  for (const [index, capability] of capabilities.entries()) {
    const following = position + (lengths[index] ?? 0);
    bytes.set(capability(following < bytes.length ? offset + following : 0), position);
    position = following;
  }
  return bytes;
};

/** Fills in a vfio_iommu_type1_info. Too short an argsz gets the needed one back, and no capabilities. */
export const answerInfo = (
  { memory }: World,
  argument: IoctlArgument | undefined,
  pageSizes: bigint,
  capabilities: readonly Capability[],
): number => {
  const struct = vfioStruct(memory, 'vfio_iommu_type1_info', argument);
  const offset = STRUCTS.vfio_iommu_type1_info.size;
  const tail = chain(capabilities, offset);
  const fits = struct.values.argsz >= offset + tail.length;
  struct.write({
    argsz: fits ? struct.values.argsz : offset + tail.length,
    flags: TYPE1_INFO_FLAGS.PGSIZES | TYPE1_INFO_FLAGS.CAPS,
    iova_pgsizes: pageSizes,
    cap_offset: fits ? offset : 0,
  });
  if (fits) struct.bytes.set(tail, offset);
  return 0;
};

/** VFIO_IOMMU_GET_INFO of a native container (vfio_iommu_type1_get_info). */
export const type1GetInfo: Handler<Type1> = (world, type1, argument) => {
  const ranges = type1.usable;
  return answerInfo(world, argument, type1.pageSizes, [
    migration,
    dmaAvailable(type1.available),
    ...(ranges === undefined ? [] : [iovaRanges(ranges)]),
  ]);
};
