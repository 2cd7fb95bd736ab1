import { STRUCTS } from '../uapi/structs.ts';
import { TYPE1_UNMAP_FLAGS } from '../uapi/constants.ts';
import { decode } from '../uapi/codec.ts';
import { check } from './errno-exception.ts';
import type { Handler } from './handler.ts';
import { areaRange } from './iova-map.ts';
import { U64_MAX, type IovaRange } from './iova-range.ts';
import { vfioStruct } from './struct-argument.ts';
import { checkBitmap, fillBitmap } from './type1-dirty.ts';
import { checkWrap, isPageAligned } from './type1-map.ts';
import type { DmaMapping, Type1 } from './type1.ts';

const { ALL, GET_DIRTY_BITMAP, VADDR } = TYPE1_UNMAP_FLAGS;
const BITMAP_OFFSET = STRUCTS.vfio_iommu_type1_dma_unmap.size;
const SIZE_WITH_BITMAP = BITMAP_OFFSET + STRUCTS.vfio_bitmap.size;

/** v2 refuses a range that cuts a mapping, before any work. */
const checkNotBisecting = (type1: Type1, { start, last }: IovaRange): void => {
  const first = type1.maps.at(start);
  const end = type1.maps.at(last);
  check(first === undefined || first.iova === start, 'EINVAL');
  check(end === undefined || areaRange(end).last === last, 'EINVAL');
};

/** v1 removes whole mappings whose first IOVA is in the range, and stops at one that begins before it. */
const selected = (type1: Type1, range: IovaRange): readonly DmaMapping[] => {
  const maps = type1.maps.overlapping(range);
  const begunBefore = maps.findIndex(({ iova }) => iova < range.start);
  return type1.version === 2 || begunBefore === -1 ? maps : maps.slice(0, begunBefore);
};

/** VFIO_IOMMU_UNMAP_DMA (vfio_dma_do_unmap). On success `size` is what was unmapped; on failure the struct stays as it was. */
export const type1Unmap: Handler<Type1> = (world, type1, argument) => {
  const struct = vfioStruct(world.memory, 'vfio_iommu_type1_dma_unmap', argument);
  const { argsz, flags, iova, size } = struct.values;
  const [wantsBitmap, all, takesVaddr] = [GET_DIRTY_BITMAP, ALL, VADDR].map((flag) => (flags & flag) !== 0);
  check((flags & ~(GET_DIRTY_BITMAP | ALL | VADDR)) === 0, 'EINVAL');
  check(!wantsBitmap || (!all && !takesVaddr && argsz >= SIZE_WITH_BITMAP), 'EINVAL');
  check(!takesVaddr || !type1.hasEmulatedGroup, 'EBUSY');
  check(isPageAligned(iova, size), 'EINVAL');
  check(all ? iova === 0n && size === 0n : size > 0n, 'EINVAL');
  if (!all) checkWrap(world, iova, size);
  const range = all ? { start: 0n, last: U64_MAX } : areaRange({ iova, length: size });
  const bitmap = wantsBitmap ? decode('vfio_bitmap', struct.bytes, BITMAP_OFFSET) : undefined;
  if (bitmap !== undefined) checkBitmap(type1, bitmap, size);
  if (type1.version === 2) checkNotBisecting(type1, range);

  const maps = selected(type1, range);
  check(!takesVaddr || maps.every(({ vaddrInvalid }) => !vaddrInvalid), 'EINVAL');
  if (bitmap !== undefined) fillBitmap(world, type1, bitmap, range);
  for (const map of maps) {
    if (takesVaddr) map.vaddrInvalid = true;
    else type1.remove(map);
  }
  struct.write({ size: maps.reduce((sum, { length }) => sum + length, 0n) });
  return 0;
};
