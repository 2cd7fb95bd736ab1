import { IOMMU_OPTION_ID, IOMMU_OPTION_OP, VFIO_IOAS_OP } from '../uapi/constants.ts';
import { decode, encode } from '../uapi/codec.ts';
import { STRUCTS } from '../uapi/structs.ts';
import { check, errno } from './errno-exception.ts';
import type { IommufdFile } from './files.ts';
import type { Handler } from './handler.ts';
import { Ioas } from './ioas.ts';
import type { IommufdContext } from './iommufd-context.ts';
import { overlaps, type IovaRange } from './iova-range.ts';
import { extensibleStruct, type StructArgument } from './struct-argument.ts';
import { hasCapability, type World } from './world.ts';

const RANGE_BYTES = STRUCTS.iommu_iova_range.size;

export const destroy: Handler<IommufdFile> = ({ memory }, { context }, argument) => {
  context.destroy(extensibleStruct(memory, 'iommu_destroy', argument).values.id);
  return 0;
};

export const ioasAlloc: Handler<IommufdFile> = ({ memory }, { context }, argument) => {
  const struct = extensibleStruct(memory, 'iommu_ioas_alloc', argument);
  check(struct.values.flags === 0, 'EOPNOTSUPP');
  struct.write({ out_ioas_id: context.add((id) => new Ioas(id)).id });
  return 0;
};

/** The count and the alignment are written back even when there was room for less. */
export const iovaRanges: Handler<IommufdFile> = ({ memory }, { context }, argument) => {
  const struct = extensibleStruct(memory, 'iommu_ioas_iova_ranges', argument);
  const { ioas_id, num_iovas, __reserved, allowed_iovas } = struct.values;
  check(__reserved === 0, 'EOPNOTSUPP');
  const { usable, alignment } = context.ioas(ioas_id);
  for (const [index, { start, last }] of usable.slice(0, num_iovas).entries()) {
    memory.view(allowed_iovas + BigInt(index * RANGE_BYTES), RANGE_BYTES).set(encode('iommu_iova_range', { start, last }));
  }
  struct.write({ num_iovas: usable.length, out_iova_alignment: alignment });
  check(usable.length <= num_iovas, 'EMSGSIZE');
  return 0;
};

const readRanges = ({ memory }: World, address: bigint, count: number): readonly IovaRange[] =>
  Array.from({ length: count }, (_, index) =>
    decode('iommu_iova_range', memory.view(address + BigInt(index * RANGE_BYTES), RANGE_BYTES)),
  );

export const allowIovas: Handler<IommufdFile> = (world, { context }, argument) => {
  const { ioas_id, num_iovas, __reserved, allowed_iovas } = extensibleStruct(
    world.memory,
    'iommu_ioas_allow_iovas',
    argument,
  ).values;
  check(__reserved === 0, 'EOPNOTSUPP');
  const ioas = context.ioas(ioas_id);
  const ranges = readRanges(world, allowed_iovas, num_iovas);
  check(
    ranges.every(({ start, last }) => start < last),
    'EINVAL',
  );
  check(
    ranges.every((range, index) => !ranges.slice(0, index).some((other) => overlaps(range, other))),
    'EINVAL',
  );
  ioas.allow(ranges);
  return 0;
};

const rlimitMode = (world: World, context: IommufdContext, { values, write }: StructArgument<'iommu_option'>): void => {
  check(values.object_id === 0, 'EOPNOTSUPP');
  if (values.op === IOMMU_OPTION_OP.GET) return write({ val64: context.account === 'process' ? 1n : 0n });
  check(values.op === IOMMU_OPTION_OP.SET, 'EOPNOTSUPP');
  check(hasCapability(world, 'CAP_SYS_RESOURCE'), 'EPERM');
  check(context.objects.size === 0, 'EBUSY');
  check(values.val64 <= 1n, 'EINVAL');
  context.account = values.val64 === 1n ? 'process' : 'user';
};

const hugePages = (context: IommufdContext, { values, write }: StructArgument<'iommu_option'>): void => {
  const ioas = context.ioas(values.object_id);
  if (values.op === IOMMU_OPTION_OP.GET) return write({ val64: ioas.largePages ? 1n : 0n });
  check(values.op === IOMMU_OPTION_OP.SET, 'EOPNOTSUPP');
  check(values.val64 <= 1n, 'EINVAL');
  if (values.val64 === 1n) ioas.largePages = true;
  else ioas.disableLargePages();
};

export const option: Handler<IommufdFile> = (world, { context }, argument) => {
  const struct = extensibleStruct(world.memory, 'iommu_option', argument);
  check(struct.values.__reserved === 0, 'EOPNOTSUPP');
  switch (struct.values.option_id) {
    case IOMMU_OPTION_ID.RLIMIT_MODE:
      rlimitMode(world, context, struct);
      return 0;
    case IOMMU_OPTION_ID.HUGE_PAGES:
      hugePages(context, struct);
      return 0;
    default:
      throw errno('EOPNOTSUPP');
  }
};

/** IOMMU_VFIO_IOAS: which IOAS the VFIO ioctls on this fd work on. */
export const vfioIoas: Handler<IommufdFile> = ({ memory }, { context }, argument) => {
  const struct = extensibleStruct(memory, 'iommu_vfio_ioas', argument);
  check(struct.values.__reserved === 0, 'EOPNOTSUPP');
  switch (struct.values.op) {
    case VFIO_IOAS_OP.GET:
      if (context.vfioIoas === null) throw errno('ENODEV');
      struct.write({ ioas_id: context.vfioIoas.id });
      return 0;
    case VFIO_IOAS_OP.SET:
      context.vfioIoas = context.ioas(struct.values.ioas_id);
      return 0;
    case VFIO_IOAS_OP.CLEAR:
      context.vfioIoas = null;
      return 0;
    default:
      throw errno('EOPNOTSUPP');
  }
};
