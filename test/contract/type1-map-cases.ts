import assert from 'node:assert/strict';
import { isKernelAtLeast } from '../../src/host/kernel-release.ts';
import { call } from '../../src/kernel/call.ts';
import type { ErrnoName } from '../../src/kernel/errno.ts';
import { encode, type StructValues } from '../../src/kernel/uapi/codec.ts';
import { TYPE1_MAP_FLAGS, TYPE1_UNMAP_FLAGS } from '../../src/kernel/uapi/constants.ts';
import { IOCTLS } from '../../src/kernel/uapi/ioctls.ts';
import { contractCase, fails, PAGE, READ_WRITE, U64_MAX, type Bench } from './bench.ts';
import type { ContractCase } from './fixture.ts';

type MapFields = Partial<StructValues<'vfio_iommu_type1_dma_map'>>;

const LAST_PAGE = U64_MAX - PAGE + 1n;

/** A range past 2^64 became EOVERFLOW in 6.18; the releases between 6.12 and it are not pinned down. */
const wrapErrno = ({ fixture }: Bench): ErrnoName => (isKernelAtLeast(fixture.release, 6, 18) ? 'EOVERFLOW' : 'EINVAL');

/** Arguments of MAP_DMA that are EINVAL, on top of a good one-page map. */
const BAD_MAPS: readonly (readonly [string, MapFields])[] = [
  ['unknown flags', { flags: READ_WRITE | 8 }],
  ['no access', { flags: 0 }],
  ['an access and VADDR', { flags: READ_WRITE | TYPE1_MAP_FLAGS.VADDR }],
  ['size 0', { size: 0n }],
  ['an unaligned size', { size: 100n }],
  ['an unaligned iova', { iova: 0x800n }],
];

const BAD_UNMAPS: readonly (readonly [string, Partial<StructValues<'vfio_iommu_type1_dma_unmap'>>])[] = [
  ['unknown flags', { flags: 8 }],
  ['size 0', { size: 0n }],
  ['an unaligned size', { size: 100n }],
  ['an unaligned iova', { iova: 0x800n }],
  ['ALL with a size', { flags: TYPE1_UNMAP_FLAGS.ALL }],
  ['ALL with a dirty bitmap', { flags: TYPE1_UNMAP_FLAGS.ALL | TYPE1_UNMAP_FLAGS.GET_DIRTY_BITMAP, size: 0n }],
  ['a dirty bitmap without room for one', { flags: TYPE1_UNMAP_FLAGS.GET_DIRTY_BITMAP }],
];

/** VFIO_IOMMU_MAP_DMA and VFIO_IOMMU_UNMAP_DMA of a native container (vfio_iommu_type1.c). */
export const TYPE1_MAP_CASES: readonly ContractCase[] = [
  ...BAD_MAPS.map(([what, fields]) =>
    contractCase(`type1 map: ${what} is EINVAL`, ['type1'], (bench) => {
      const { container } = bench.type1();
      const vaddr = bench.memory(PAGE);
      fails('EINVAL', () =>
        call(bench.kernel, container, 'VFIO_IOMMU_MAP_DMA', { flags: READ_WRITE, vaddr, size: PAGE, ...fields }),
      );
    }),
  ),
  contractCase('type1 map: a short argsz is EINVAL', ['type1'], (bench) => {
    const { container } = bench.type1();
    const bytes = encode('vfio_iommu_type1_dma_map', { argsz: 31, flags: READ_WRITE, vaddr: bench.memory(PAGE), size: PAGE });
    fails('EINVAL', () => bench.kernel.ioctl(container, IOCTLS.VFIO_IOMMU_MAP_DMA.number, bytes));
  }),
  contractCase('type1 map: an unaligned vaddr is EINVAL', ['type1'], (bench) => {
    const { container } = bench.type1();
    const vaddr = bench.memory(2n * PAGE) + 16n;
    fails('EINVAL', () => bench.mapType1(container, 0n, 1n, vaddr));
  }),
  contractCase('type1 map: a range past 2^64 is refused', ['type1'], (bench) => {
    const { container } = bench.type1();
    const vaddr = bench.memory(2n * PAGE);
    fails(wrapErrno(bench), () => bench.mapType1(container, LAST_PAGE, 2n, vaddr));
    fails(wrapErrno(bench), () => bench.mapType1(container, 0n, 2n, LAST_PAGE));
  }),
  contractCase('type1 map: any overlap is EEXIST', ['type1'], (bench) => {
    const { container } = bench.type1();
    bench.mapType1(container, 2n * PAGE, 2n);
    fails('EEXIST', () => bench.mapType1(container, 2n * PAGE, 2n));
    fails('EEXIST', () => bench.mapType1(container, PAGE, 2n));
    fails('EEXIST', () => bench.mapType1(container, 3n * PAGE, 1n));
    fails('EEXIST', () => bench.mapType1(container, 0n, 8n));
    bench.mapType1(container, PAGE, 1n);
    bench.mapType1(container, 4n * PAGE, 1n);
  }),
  contractCase('type1 map: a reserved range is EINVAL', ['type1'], (bench) => {
    const { container } = bench.type1();
    fails('EINVAL', () => bench.mapType1(container, bench.fixture.reservedIova, 1n));
    fails('EINVAL', () => bench.mapType1(container, bench.fixture.reservedIova - PAGE, 2n));
  }),
  contractCase('type1 map: memory that is not there is EFAULT, and nothing stays mapped', ['type1'], (bench) => {
    const { container } = bench.type1();
    const vaddr = bench.kernel.map({ length: 4n * PAGE, shared: false });
    bench.kernel.unmap(vaddr, 4n * PAGE);
    fails('EFAULT', () => bench.mapType1(container, 0n, 4n, vaddr));
    assert.equal(bench.unmapType1(container, 0n, 4n * PAGE), 0n);
  }),
  contractCase('type1 map: the same memory can be mapped twice', ['type1'], (bench) => {
    const { container } = bench.type1();
    const vaddr = bench.memory(PAGE);
    bench.mapType1(container, 0n, 1n, vaddr);
    bench.mapType1(container, PAGE, 1n, vaddr);
  }),
  ...BAD_UNMAPS.map(([what, fields]) =>
    contractCase(`type1 unmap: ${what} is EINVAL, and the mapping stays`, ['type1'], (bench) => {
      const { container } = bench.type1();
      bench.mapType1(container, 0n, 1n);
      fails('EINVAL', () => call(bench.kernel, container, 'VFIO_IOMMU_UNMAP_DMA', { size: PAGE, ...fields }));
      assert.equal(bench.unmapType1(container, 0n, PAGE), PAGE);
    }),
  ),
  contractCase('type1 unmap: a hole is no error and unmaps 0 bytes', ['type1'], (bench) => {
    assert.equal(bench.unmapType1(bench.type1().container, 0x10_0000n, PAGE), 0n);
  }),
  contractCase('type1v2 unmap: a range that cuts a mapping is EINVAL, and nothing is unmapped', ['type1'], (bench) => {
    const { container } = bench.type1();
    bench.mapType1(container, 0n, 2n);
    bench.mapType1(container, 2n * PAGE, 2n);
    fails('EINVAL', () => bench.unmapType1(container, 0n, PAGE));
    fails('EINVAL', () => bench.unmapType1(container, PAGE, PAGE));
    fails('EINVAL', () => bench.unmapType1(container, 0n, 3n * PAGE));
    assert.equal(bench.unmapType1(container, 0n, 4n * PAGE), 4n * PAGE);
  }),
  contractCase('type1v2 unmap: a range over mappings and holes unmaps them all and says how much', ['type1'], (bench) => {
    const { container } = bench.type1();
    bench.mapType1(container, PAGE, 1n);
    bench.mapType1(container, 4n * PAGE, 2n);
    assert.equal(bench.unmapType1(container, 0n, 16n * PAGE), 3n * PAGE);
  }),
  contractCase('type1v2 unmap: ALL on an empty container is 0, on another one everything', ['type1'], (bench) => {
    const { container } = bench.type1();
    assert.equal(bench.unmapType1(container, 0n, 0n, TYPE1_UNMAP_FLAGS.ALL), 0n);
    bench.mapType1(container, PAGE, 1n);
    bench.mapType1(container, 4n * PAGE, 2n);
    assert.equal(bench.unmapType1(container, 0n, 0n, TYPE1_UNMAP_FLAGS.ALL), 3n * PAGE);
  }),
  contractCase('type1v1 unmap: the first page takes the whole mapping with it', ['type1'], (bench) => {
    const { container } = bench.type1(1);
    bench.mapType1(container, 0n, 4n);
    assert.equal(bench.unmapType1(container, 0n, PAGE), 4n * PAGE);
  }),
  contractCase('type1v1 unmap: a range that begins inside a mapping removes nothing', ['type1'], (bench) => {
    const { container } = bench.type1(1);
    bench.mapType1(container, 0n, 4n);
    assert.equal(bench.unmapType1(container, PAGE, PAGE), 0n);
    assert.equal(bench.unmapType1(container, 0n, 4n * PAGE), 4n * PAGE);
  }),
  contractCase('type1 unmap: a range past 2^64 is refused', ['type1'], (bench) => {
    const { container } = bench.type1();
    fails(wrapErrno(bench), () => bench.unmapType1(container, LAST_PAGE, 2n * PAGE));
  }),
  contractCase('type1 dirty pages: v1 does not have them: EACCES', ['type1'], (bench) => {
    const { container } = bench.type1(1);
    fails('EACCES', () => call(bench.kernel, container, 'VFIO_IOMMU_DIRTY_PAGES', { flags: 1 }));
  }),
  contractCase('type1v2 dirty pages: exactly one flag; START and STOP may be repeated', ['type1'], (bench) => {
    const { container } = bench.type1();
    for (const flags of [0, 3, 8]) fails('EINVAL', () => call(bench.kernel, container, 'VFIO_IOMMU_DIRTY_PAGES', { flags }));
    for (const flags of [1, 1, 2, 2]) call(bench.kernel, container, 'VFIO_IOMMU_DIRTY_PAGES', { flags });
  }),
];
