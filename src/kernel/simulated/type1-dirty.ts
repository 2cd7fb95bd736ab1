import { DIRTY_PAGES_FLAGS } from '../uapi/constants.ts';
import { decode, type StructValues } from '../uapi/codec.ts';
import { STRUCTS } from '../uapi/structs.ts';
import { PAGE_SIZE } from './address-space.ts';
import { check } from './errno-exception.ts';
import type { Handler } from './handler.ts';
import { areaRange } from './iova-map.ts';
import { contains, type IovaRange } from './iova-range.ts';
import { vfioStruct } from './struct-argument.ts';
import type { Type1 } from './type1.ts';
import type { World } from './world.ts';

type Bitmap = Pick<StructValues<'vfio_bitmap'>, 'pgsize' | 'size' | 'data'>;

const { START, STOP, GET_BITMAP } = DIRTY_PAGES_FLAGS;
const HEADER_SIZE = STRUCTS.vfio_iommu_type1_dirty_bitmap.size;

/** Bytes of whole 64-bit words with one bit per page. */
const bitmapBytes = (length: bigint): bigint => ((length / PAGE_SIZE + 63n) / 64n) * 8n;

const smallest = (pageSizes: bigint): bigint => pageSizes & -pageSizes;

/** @throws ErrnoException EINVAL for another page size than the smallest, or too small a bitmap */
export const checkBitmap = (type1: Type1, bitmap: Bitmap, length: bigint): void => {
  check(bitmap.pgsize === smallest(type1.pageSizes), 'EINVAL');
  check(bitmap.size >= bitmapBytes(length), 'EINVAL');
};

/** Marks every mapped page of the range: a device that does not pin its pages may have written to any. */
export const fillBitmap = ({ memory }: World, type1: Type1, { data, size }: Bitmap, range: IovaRange): void => {
  const bytes = memory.view(data, Number(size));
  for (const { iova, length } of type1.maps.overlapping(range)) {
    const first = Number((iova - range.start) / PAGE_SIZE);
    for (let page = first; page < first + Number(length / PAGE_SIZE); page += 1) {
      bytes[page >> 3] = (bytes[page >> 3] ?? 0) | (1 << (page & 7));
    }
  }
};

const getBitmap = (world: World, type1: Type1, bytes: Uint8Array): void => {
  check(bytes.length >= HEADER_SIZE + STRUCTS.vfio_iommu_type1_dirty_bitmap_get.size, 'EINVAL');
  const request = decode('vfio_iommu_type1_dirty_bitmap_get', bytes, HEADER_SIZE);
  const range = areaRange({ iova: request.iova, length: request.size });
  const bitmap: Bitmap = { pgsize: request['bitmap.pgsize'], size: request['bitmap.size'], data: request['bitmap.data'] };
  check(request.size > 0n && type1.dirtyTracking, 'EINVAL');
  checkBitmap(type1, bitmap, request.size);
  check(
    type1.maps.overlapping(range).every((map) => contains(range, areaRange(map))),
    'EINVAL',
  );
  fillBitmap(world, type1, bitmap, range);
};

/** VFIO_IOMMU_DIRTY_PAGES (vfio_iommu_type1_dirty_pages): v2 only, with exactly one flag. */
export const type1DirtyPages: Handler<Type1> = (world, type1, argument) => {
  check(type1.version === 2, 'EACCES');
  const { values, bytes } = vfioStruct(world.memory, 'vfio_iommu_type1_dirty_bitmap', argument);
  switch (values.flags) {
    case START:
    case STOP:
      type1.dirtyTracking = values.flags === START;
      return 0;
    case GET_BITMAP:
      getBitmap(world, type1, bytes);
      return 0;
    default:
      check(false, 'EINVAL');
      return 0;
  }
};
