import {
  DIRTY_BITMAP_FLAGS,
  DIRTY_TRACKING_FLAGS,
  HW_CAPABILITIES,
  HW_INFO_FLAGS,
  HWPT_DATA,
  HWPT_FLAGS,
} from '../uapi/constants.ts';
import { PAGE_SIZE } from './address-space.ts';
import { check, errno } from './errno-exception.ts';
import type { IommufdFile } from './files.ts';
import type { Handler } from './handler.ts';
import { Hwpt } from './hwpt.ts';
import type { IommuUnit } from './iommu-unit.ts';
import { U64_MAX } from './iova-range.ts';
import { extensibleStruct } from './struct-argument.ts';
import { isAtLeast, type World } from './world.ts';

const { ALLOC_DIRTY_TRACKING, ALLOC_NEST_PARENT, ALLOC_PASID, FAULT_ID_VALID } = HWPT_FLAGS;

/** Bytes of struct iommu_hwpt_alloc that a kernel knows. */
const hwptAllocSize = (world: World): number => (isAtLeast(world, 6, 11) ? 48 : isAtLeast(world, 6, 7) ? 40 : 24);

const checkDriverFlags = (world: World, flags: number, unit: IommuUnit): void => {
  const known = ALLOC_NEST_PARENT | ALLOC_DIRTY_TRACKING | FAULT_ID_VALID | (isAtLeast(world, 6, 13) ? ALLOC_PASID : 0);
  check(flags === 0 || unit.takesHwptFlags, 'EOPNOTSUPP');
  check((flags & ~known) === 0, 'EOPNOTSUPP');
  check((flags & ALLOC_DIRTY_TRACKING) === 0 || unit.dirtyTracking, 'EOPNOTSUPP');
  check((flags & ALLOC_NEST_PARENT) === 0 || (unit.nesting && (flags & FAULT_ID_VALID) === 0), 'EOPNOTSUPP');
  check((flags & ALLOC_PASID) === 0 || unit.pasid, 'EOPNOTSUPP');
};

/** iommufd_hwpt_nested_alloc, up to where the driver would make one. @throws ErrnoException always */
const refuseNested = ({ features }: Hwpt, { nesting }: IommuUnit, dataLength: number): never => {
  check(nesting && dataLength > 0, 'EOPNOTSUPP');
  check(features.nestParent, 'EINVAL');
  throw errno('EOPNOTSUPP');
};

/** IOMMU_HWPT_ALLOC on an IOAS. Nested page tables are refused, as by a driver that has none. */
export const hwptAlloc: Handler<IommufdFile> = (world, { context }, argument) => {
  const struct = extensibleStruct(world.memory, 'iommu_hwpt_alloc', argument, hwptAllocSize(world));
  const { flags, dev_id, pt_id, __reserved, data_type, data_len, __reserved2 } = struct.values;
  check(__reserved === 0 && __reserved2 === 0, 'EOPNOTSUPP');
  check((data_type === HWPT_DATA.NONE) === (data_len === 0), 'EINVAL');
  const { unit } = context.groupOfDevice(dev_id);
  const parent = context.objects.get(pt_id);
  if (parent?.kind === 'hwpt') refuseNested(parent, unit, data_len);
  if (parent?.kind !== 'ioas') throw errno('EINVAL');
  checkDriverFlags(world, flags, unit);
  check(data_type === HWPT_DATA.NONE, 'EOPNOTSUPP');
  check((flags & FAULT_ID_VALID) === 0, 'ENOENT');
  const features = {
    isAuto: false,
    dirtyTracking: (flags & ALLOC_DIRTY_TRACKING) !== 0,
    nestParent: (flags & ALLOC_NEST_PARENT) !== 0,
  };
  const hwpt = context.add((id) => {
    const made = new Hwpt(id, parent, unit, features);
    parent.addDomain(made);
    return made;
  });
  struct.write({ out_hwpt_id: hwpt.id });
  return 0;
};

/** IOMMU_GET_HW_INFO. The driver's registers read as zero; their type and length are right. */
export const getHwInfo: Handler<IommufdFile> = (world, { context }, argument) => {
  const struct = extensibleStruct(world.memory, 'iommu_hw_info', argument, isAtLeast(world, 6, 7) ? 40 : 32);
  const { flags, dev_id, data_len, data_uptr } = struct.values;
  const knownFlags = isAtLeast(world, 6, 17) ? HW_INFO_FLAGS.INPUT_TYPE : 0;
  check((flags & ~knownFlags) === 0 && struct.values['__reserved[0]'] === 0, 'EOPNOTSUPP');
  const { unit } = context.groupOfDevice(dev_id);
  if (data_len > 0) world.memory.view(data_uptr, data_len).fill(0);
  const noAts = isAtLeast(world, 7, 1) ? HW_CAPABILITIES.PCI_ATS_NOT_SUPPORTED : 0n;
  struct.write({
    data_len: unit.hardwareInfo.length,
    out_data_type: unit.hardwareInfo.type,
    out_max_pasid_log2: 0,
    out_capabilities: (unit.dirtyTracking ? HW_CAPABILITIES.DIRTY_TRACKING : 0n) | noAts,
  });
  return 0;
};

/** IOMMU_HWPT_SET_DIRTY_TRACKING, since 6.7. */
export const setDirtyTracking: Handler<IommufdFile> = ({ memory }, { context }, argument) => {
  const { flags, hwpt_id, __reserved } = extensibleStruct(memory, 'iommu_hwpt_set_dirty_tracking', argument).values;
  check((flags & ~DIRTY_TRACKING_FLAGS.ENABLE) === 0 && __reserved === 0, 'EOPNOTSUPP');
  const hwpt = context.hwpt(hwpt_id);
  check(hwpt.features.dirtyTracking, 'EOPNOTSUPP');
  hwpt.isTrackingDirty = flags === DIRTY_TRACKING_FLAGS.ENABLE;
  hwpt.dirtyPages.clear();
  return 0;
};

/** IOMMU_HWPT_GET_DIRTY_BITMAP, since 6.7: one bit per page, set where the device has written. */
export const getDirtyBitmap: Handler<IommufdFile> = ({ memory }, { context }, argument) => {
  const { hwpt_id, flags, __reserved, iova, length, page_size, data } = extensibleStruct(
    memory,
    'iommu_hwpt_get_dirty_bitmap',
    argument,
  ).values;
  check((flags & ~DIRTY_BITMAP_FLAGS.NO_CLEAR) === 0 && __reserved === 0, 'EOPNOTSUPP');
  const hwpt = context.hwpt(hwpt_id);
  check(hwpt.features.dirtyTracking, 'EOPNOTSUPP');
  check(iova + length - 1n <= U64_MAX, 'EOVERFLOW');
  check(page_size > 0n && length > 0n && (iova | length) % (page_size > PAGE_SIZE ? page_size : PAGE_SIZE) === 0n, 'EINVAL');
  check(hwpt.isTrackingDirty, 'EINVAL');
  const bitmap = memory.view(data, Number((length / page_size + 7n) / 8n));
  for (const page of hwpt.dirtyPages) {
    if (page < iova || page >= iova + length) continue;
    const bit = Number((page - iova) / page_size);
    bitmap[bit >> 3] = (bitmap[bit >> 3] ?? 0) | (1 << (bit & 7));
    if ((flags & DIRTY_BITMAP_FLAGS.NO_CLEAR) === 0) hwpt.dirtyPages.delete(page);
  }
  return 0;
};
