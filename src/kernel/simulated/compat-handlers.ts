import { EXTENSION, TYPE1_MAP_FLAGS, TYPE1_UNMAP_FLAGS } from '../uapi/constants.ts';
import { PAGE_SIZE } from './address-space.ts';
import { check, errno } from './errno-exception.ts';
import type { IommufdFile } from './files.ts';
import { valueOf, type Handler, type Handlers } from './handler.ts';
import { IoasPages } from './ioas-pages.ts';
import { checkUserRange, cutAt, mapPages, unmapRange, type UnmapOutcome } from './ioas-mapping.ts';
import type { Ioas } from './ioas.ts';
import type { IommufdContext } from './iommufd-context.ts';
import { areaRange } from './iova-map.ts';
import { U64_MAX } from './iova-range.ts';
import { vfioStruct } from './struct-argument.ts';
import { answerInfo, dmaAvailable, iovaRanges } from './type1-info.ts';
import type { World } from './world.ts';

const { READ, WRITE } = TYPE1_MAP_FLAGS;
const { ALL } = TYPE1_UNMAP_FLAGS;
const U32_MAX = 0xffff_ffff;

/** @throws ErrnoException ENODEV before a group came in or IOMMU_VFIO_IOAS chose one */
const compatIoas = ({ vfioIoas }: IommufdContext): Ioas => {
  if (vfioIoas === null) throw errno('ENODEV');
  return vfioIoas;
};

const isNoIommuBuilt = ({ model }: World): boolean =>
  model.modules['vfio']?.parameters?.['enable_unsafe_noiommu_mode'] !== undefined;

const checkExtension: Handler<IommufdFile> = (world, { context }, argument) => {
  switch (valueOf(argument)) {
    case EXTENSION.TYPE1_IOMMU:
    case EXTENSION.TYPE1v2_IOMMU:
    case EXTENSION.UNMAP_ALL:
      return 1;
    case EXTENSION.NOIOMMU_IOMMU:
      return isNoIommuBuilt(world) ? 1 : 0;
    case EXTENSION.DMA_CC_IOMMU:
      return [...compatIoas(context).hwpts].every(({ unit }) => unit.enforcesCoherency) ? 1 : 0;
    default:
      return 0;
  }
};

const setIommu: Handler<IommufdFile> = (_world, { context }, argument) => {
  const type = valueOf(argument);
  check(type === EXTENSION.TYPE1_IOMMU || type === EXTENSION.TYPE1v2_IOMMU, 'EINVAL');
  const ioas = compatIoas(context);
  if (type === EXTENSION.TYPE1_IOMMU) ioas.disableLargePages();
  return 0;
};

const getInfo: Handler<IommufdFile> = (world, { context }, argument) => {
  vfioStruct(world.memory, 'vfio_iommu_type1_info', argument);
  const ioas = compatIoas(context);
  const anySize = U64_MAX - PAGE_SIZE + 1n;
  const pageSizes = [...ioas.hwpts].reduce((sizes, { unit }) => sizes & unit.pageSizes, anySize);
  return answerInfo(world, argument, pageSizes, [dmaAvailable(U32_MAX), iovaRanges(ioas.usable)]);
};

const mapDma: Handler<IommufdFile> = (world, { context }, argument) => {
  const { flags, vaddr, iova, size } = vfioStruct(world.memory, 'vfio_iommu_type1_dma_map', argument).values;
  check((flags & ~(READ | WRITE)) === 0, 'EINVAL');
  const ioas = compatIoas(context);
  checkUserRange(world, vaddr, size);
  const writable = (flags & WRITE) !== 0;
  const source = { kind: 'user', address: vaddr } as const;
  const pages = new IoasPages(world, { account: context.account, source, length: size, isWritable: writable });
  mapPages(ioas, { pages, iova, readable: (flags & READ) !== 0, writable });
  return 0;
};

/** Type1 v1 lets a mapping be cut; that is possible once large pages are off. */
const cutEnds = (ioas: Ioas, iova: bigint, length: bigint): void => {
  if (ioas.largePages) return;
  cutAt(ioas, BigInt.asUintN(64, iova + length));
  cutAt(ioas, iova);
};

const unmapPart = (ioas: Ioas, iova: bigint, length: bigint): UnmapOutcome => {
  const fits = length > 0n && iova + length - 1n <= U64_MAX;
  return fits ? unmapRange(ioas, areaRange({ iova, length })) : { unmapped: 0n, isBisecting: false };
};

/** VFIO_IOMMU_UNMAP_DMA. Unlike type1, it writes `size` back on errors too, and a range that cuts a mapping is ENOENT. */
const unmapDma: Handler<IommufdFile> = ({ memory }, { context }, argument) => {
  const struct = vfioStruct(memory, 'vfio_iommu_type1_dma_unmap', argument);
  const { flags, iova, size } = struct.values;
  check((flags & ~ALL) === 0, 'EINVAL');
  const ioas = compatIoas(context);
  if ((flags & ALL) !== 0) {
    check(iova === 0n && size === 0n, 'EINVAL');
    struct.write({ size: unmapRange(ioas, { start: 0n, last: U64_MAX }).unmapped });
    return 0;
  }
  cutEnds(ioas, iova, size);
  const { unmapped, isBisecting } = unmapPart(ioas, iova, size);
  struct.write({ size: unmapped });
  check(size > 0n, 'EINVAL');
  check(iova + size - 1n <= U64_MAX, 'EOVERFLOW');
  check(!isBisecting, 'ENOENT');
  return 0;
};

/** VFIO container ioctls on an iommufd (drivers/iommu/iommufd/vfio_compat.c). */
export const COMPAT_HANDLERS: Handlers<IommufdFile> = {
  VFIO_GET_API_VERSION: () => 0,
  VFIO_CHECK_EXTENSION: checkExtension,
  VFIO_SET_IOMMU: setIommu,
  VFIO_IOMMU_GET_INFO: getInfo,
  VFIO_IOMMU_MAP_DMA: mapDma,
  VFIO_IOMMU_UNMAP_DMA: unmapDma,
};
