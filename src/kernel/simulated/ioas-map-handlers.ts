import { IOAS_MAP_FLAGS } from '../uapi/constants.ts';
import { check } from './errno-exception.ts';
import type { IommufdFile } from './files.ts';
import type { Handler } from './handler.ts';
import { IoasPages, type PagesSource } from './ioas-pages.ts';
import type { Ioas, IoasArea } from './ioas.ts';
import { allocateIova, checkFixedIova, checkUserRange, LONGEST_PAGES, mapPages, unmapRange } from './ioas-mapping.ts';
import { areaRange } from './iova-map.ts';
import { U64_MAX } from './iova-range.ts';
import { extensibleStruct } from './struct-argument.ts';
import type { World } from './world.ts';

const { FIXED_IOVA, READABLE, WRITEABLE } = IOAS_MAP_FLAGS;

interface Access {
  readonly readable: boolean;
  readonly writable: boolean;
  readonly isFixed: boolean;
}

const checkFlags = (flags: number, reserved = 0): void =>
  check((flags & ~(FIXED_IOVA | READABLE | WRITEABLE)) === 0 && reserved === 0, 'EOPNOTSUPP');

const checkBelowLimit = (...values: readonly bigint[]): void => check(!values.includes(U64_MAX), 'EOVERFLOW');

/** @throws ErrnoException EINVAL for a map that allows nothing */
const accessOf = (flags: number): Access => {
  check((flags & (READABLE | WRITEABLE)) !== 0, 'EINVAL');
  return { readable: (flags & READABLE) !== 0, writable: (flags & WRITEABLE) !== 0, isFixed: (flags & FIXED_IOVA) !== 0 };
};

/** IOMMU_IOAS_MAP. Without a page table in the IOAS nothing is pinned, and a bad address shows at the attach. */
export const ioasMap: Handler<IommufdFile> = (world, { context }, argument) => {
  const struct = extensibleStruct(world.memory, 'iommu_ioas_map', argument);
  const { flags, ioas_id, __reserved, user_va, length, iova } = struct.values;
  checkFlags(flags, __reserved);
  checkBelowLimit(iova, length);
  const { isFixed, readable, writable } = accessOf(flags);
  const ioas = context.ioas(ioas_id);
  checkUserRange(world, user_va, length);
  const pages = new IoasPages(world, {
    account: context.account,
    source: { kind: 'user', address: user_va },
    length,
    isWritable: writable,
  });
  struct.write({ iova: mapPages(ioas, { pages, readable, writable, iova: isFixed ? iova : undefined }) });
  return 0;
};

/** A memfd can be pinned; another file shows when it is tried, which is at the attach. @throws ErrnoException EBADF */
const fileSource = ({ fds }: World, fd: number, start: bigint): PagesSource => {
  const file = fds.get(fd);
  return { kind: 'file', store: file.kind === 'data' && file.isMemfd ? file.store : null, start };
};

/** IOMMU_IOAS_MAP_FILE, since 6.13. */
export const ioasMapFile: Handler<IommufdFile> = (world, { context }, argument) => {
  const struct = extensibleStruct(world.memory, 'iommu_ioas_map_file', argument);
  const { flags, ioas_id, fd, start, length, iova } = struct.values;
  checkFlags(flags);
  checkBelowLimit(iova, length);
  const { isFixed, readable, writable } = accessOf(flags);
  const ioas = context.ioas(ioas_id);
  check(length > 0n, 'EINVAL');
  check(start + length - 1n <= U64_MAX, 'EOVERFLOW');
  check(length <= LONGEST_PAGES, 'EINVAL');
  const pages = new IoasPages(world, {
    account: context.account,
    source: fileSource(world, fd, start),
    length,
    isWritable: writable,
  });
  struct.write({ iova: mapPages(ioas, { pages, readable, writable, iova: isFixed ? iova : undefined }) });
  return 0;
};

/** The parts of the areas that cover a range without a hole. @throws ErrnoException ENOENT */
const partsOf = (
  ioas: Ioas,
  iova: bigint,
  length: bigint,
): readonly (Pick<IoasArea, 'pages' | 'offset' | 'length'> & { readonly at: bigint })[] => {
  const range = areaRange({ iova, length });
  let reached = iova;
  const parts = ioas.areas.overlapping(range).map((area) => {
    check(area.iova <= reached, 'ENOENT');
    const last = areaRange(area).last < range.last ? areaRange(area).last : range.last;
    const part = {
      at: reached - iova,
      pages: area.pages,
      offset: area.offset + reached - area.iova,
      length: last - reached + 1n,
    };
    reached = last + 1n;
    return part;
  });
  check(reached === range.last + 1n, 'ENOENT');
  return parts;
};

/** IOMMU_IOAS_COPY: the same pages at another place; they are charged once. */
export const ioasCopy: Handler<IommufdFile> = ({ memory }, { context }, argument) => {
  const struct = extensibleStruct(memory, 'iommu_ioas_copy', argument);
  const { flags, dst_ioas_id, src_ioas_id, length, dst_iova, src_iova } = struct.values;
  checkFlags(flags);
  checkBelowLimit(length, src_iova, dst_iova);
  const { isFixed, readable, writable } = accessOf(flags);
  const source = context.ioas(src_ioas_id);
  check(length > 0n, 'EINVAL');
  check(src_iova + length - 1n <= U64_MAX, 'EOVERFLOW');
  const parts = partsOf(source, src_iova, length);
  const target = context.ioas(dst_ioas_id);
  check(length % target.alignment === 0n, 'EINVAL');
  if (isFixed) checkFixedIova(target, dst_iova, length);
  const iova = isFixed ? dst_iova : allocateIova(target, parts[0]?.pages.start(parts[0].offset) ?? 0n, length);
  for (const part of parts)
    target.insert({ iova: iova + part.at, length: part.length, pages: part.pages, offset: part.offset, readable, writable });
  struct.write({ dst_iova: iova });
  return 0;
};

/** IOMMU_IOAS_UNMAP; (0, 2^64-1) is everything. A failure can come after the first areas are gone. */
export const ioasUnmap: Handler<IommufdFile> = ({ memory }, { context }, argument) => {
  const struct = extensibleStruct(memory, 'iommu_ioas_unmap', argument);
  const { ioas_id, iova, length } = struct.values;
  const ioas = context.ioas(ioas_id);
  if (iova === 0n && length === U64_MAX) {
    struct.write({ length: unmapRange(ioas, { start: 0n, last: U64_MAX }).unmapped });
    return 0;
  }
  checkBelowLimit(iova, length);
  check(length > 0n, 'EINVAL');
  check(iova + length - 1n <= U64_MAX, 'EOVERFLOW');
  const { unmapped, isBisecting } = unmapRange(ioas, areaRange({ iova, length }));
  check(unmapped > 0n && !isBisecting, 'ENOENT');
  struct.write({ length: unmapped });
  return 0;
};
