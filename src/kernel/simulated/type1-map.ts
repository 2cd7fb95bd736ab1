import { TYPE1_MAP_FLAGS } from '../uapi/constants.ts';
import type { StructValues } from '../uapi/codec.ts';
import { PAGE_SIZE } from './address-space.ts';
import { check, errno } from './errno-exception.ts';
import type { Handler } from './handler.ts';
import { U64_MAX } from './iova-range.ts';
import { vfioStruct } from './struct-argument.ts';
import type { Type1 } from './type1.ts';
import { isAtLeast, type World } from './world.ts';

const { READ, WRITE, VADDR } = TYPE1_MAP_FLAGS;

/** A range that runs past 2^64 is EOVERFLOW from 6.18 on, EINVAL before. */
export const checkWrap = (world: World, start: bigint, length: bigint): void =>
  check(start + length - 1n <= U64_MAX, isAtLeast(world, 6, 18) ? 'EOVERFLOW' : 'EINVAL');

export const isPageAligned = (...values: readonly bigint[]): boolean => values.every((value) => value % PAGE_SIZE === 0n);

const updateVaddr = (type1: Type1, { iova, vaddr, size }: StructValues<'vfio_iommu_type1_dma_map'>): void => {
  const map = type1.maps.at(iova);
  if (map === undefined) throw errno('ENOENT');
  check(map.vaddrInvalid && map.iova === iova && map.length === size, 'EINVAL');
  map.pages.moveTo(vaddr);
  map.vaddrInvalid = false;
};

/** VFIO_IOMMU_MAP_DMA (vfio_dma_do_map in vfio_iommu_type1.c). */
export const type1Map: Handler<Type1> = (world, type1, argument) => {
  const { values } = vfioStruct(world.memory, 'vfio_iommu_type1_dma_map', argument);
  const { flags, iova, vaddr, size: length } = values;
  check((flags & ~(READ | WRITE | VADDR)) === 0, 'EINVAL');
  check(length > 0n, 'EINVAL');
  checkWrap(world, iova, length);
  checkWrap(world, vaddr, length);
  const setsVaddr = (flags & VADDR) !== 0;
  check(setsVaddr !== ((flags & (READ | WRITE)) !== 0), 'EINVAL');
  check(isPageAligned(iova, vaddr, length), 'EINVAL');
  if (setsVaddr) updateVaddr(type1, values);
  else type1.map({ iova, vaddr, length, readable: (flags & READ) !== 0, writable: (flags & WRITE) !== 0 });
  return 0;
};
