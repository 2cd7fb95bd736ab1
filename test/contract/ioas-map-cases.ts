import assert from 'node:assert/strict';
import { call } from '../../src/kernel/call.ts';
import type { ErrnoName } from '../../src/kernel/errno.ts';
import type { StructValues } from '../../src/kernel/uapi/codec.ts';
import { IOAS_MAP_FLAGS } from '../../src/kernel/uapi/constants.ts';
import { contractCase, fails, FIXED_READ_WRITE, PAGE, U64_MAX } from './bench.ts';
import type { ContractCase } from './fixture.ts';

const { FIXED_IOVA, READABLE, WRITEABLE } = IOAS_MAP_FLAGS;
const AUTO_READ_WRITE = READABLE | WRITEABLE;

/** Arguments of IOAS_MAP that are refused, on top of a good one-page map. */
const BAD_MAPS: readonly (readonly [string, Partial<StructValues<'iommu_ioas_map'>>, ErrnoName])[] = [
  ['unknown flags', { flags: 8 | FIXED_READ_WRITE }, 'EOPNOTSUPP'],
  ['reserved bits', { __reserved: 1 }, 'EOPNOTSUPP'],
  ['iova 2^64-1', { iova: U64_MAX }, 'EOVERFLOW'],
  ['length 2^64-1', { length: U64_MAX }, 'EOVERFLOW'],
  ['no access', { flags: FIXED_IOVA }, 'EINVAL'],
  ['an absent IOAS', { ioas_id: 99 }, 'ENOENT'],
  ['a user address that wraps', { user_va: U64_MAX - PAGE + 1n, length: 2n * PAGE }, 'EOVERFLOW'],
  ['length 0', { length: 0n }, 'EINVAL'],
  ['an iova that wraps', { iova: U64_MAX - PAGE + 1n, length: 2n * PAGE }, 'EOVERFLOW'],
];

const BAD_UNMAPS: readonly (readonly [string, Partial<StructValues<'iommu_ioas_unmap'>>, ErrnoName])[] = [
  ['an absent IOAS', { ioas_id: 99 }, 'ENOENT'],
  ['length 0', { length: 0n }, 'EINVAL'],
  ['iova 2^64-1', { iova: U64_MAX }, 'EOVERFLOW'],
  ['length 2^64-1 from an iova', { iova: PAGE, length: U64_MAX }, 'EOVERFLOW'],
  ['a range that wraps', { iova: U64_MAX - PAGE + 1n, length: 2n * PAGE }, 'EOVERFLOW'],
  ['a hole', { iova: 0x10_0000n }, 'ENOENT'],
];

/** IOMMU_IOAS_MAP, MAP_FILE, COPY and UNMAP (drivers/iommu/iommufd/ioas.c, io_pagetable.c). */
export const IOAS_MAP_CASES: readonly ContractCase[] = [
  ...BAD_MAPS.map(([what, fields, errno]) =>
    contractCase(`ioas map: ${what} is ${errno}`, ['iommufd'], (bench) => {
      const iommufd = bench.iommufd();
      const good = { flags: FIXED_READ_WRITE, ioas_id: bench.ioas(iommufd), user_va: bench.memory(PAGE), length: PAGE };
      fails(errno, () => call(bench.kernel, iommufd, 'IOMMU_IOAS_MAP', { ...good, ...fields }));
    }),
  ),
  contractCase('ioas map: without a device memory need not be there', ['iommufd'], (bench) => {
    const iommufd = bench.iommufd();
    const ioas_id = bench.ioas(iommufd);
    call(bench.kernel, iommufd, 'IOMMU_IOAS_MAP', { flags: FIXED_READ_WRITE, ioas_id, user_va: 0x1000n, length: PAGE });
  }),
  contractCase('ioas map: with a device memory must be there, and aligned, and outside what is reserved', ['cdev'], (bench) => {
    const { iommufd, ioas } = bench.attached();
    const good = { flags: FIXED_READ_WRITE, ioas_id: ioas, user_va: bench.memory(2n * PAGE), length: PAGE };
    fails('EFAULT', () => call(bench.kernel, iommufd, 'IOMMU_IOAS_MAP', { ...good, user_va: 0x1000n }));
    fails('EINVAL', () => call(bench.kernel, iommufd, 'IOMMU_IOAS_MAP', { ...good, length: 100n }));
    fails('EINVAL', () => call(bench.kernel, iommufd, 'IOMMU_IOAS_MAP', { ...good, iova: 0x800n }));
    fails('EINVAL', () => call(bench.kernel, iommufd, 'IOMMU_IOAS_MAP', { ...good, user_va: good.user_va + 0x800n }));
    fails('EINVAL', () => call(bench.kernel, iommufd, 'IOMMU_IOAS_MAP', { ...good, iova: bench.fixture.reservedIova }));
    fails('ENOENT', () => bench.unmapIoas(iommufd, ioas, 0n, PAGE));
  }),
  contractCase('ioas map: any overlap is EEXIST', ['iommufd'], (bench) => {
    const iommufd = bench.iommufd();
    const ioas = bench.ioas(iommufd);
    bench.mapIoas(iommufd, ioas, 2n * PAGE, 2n);
    fails('EEXIST', () => bench.mapIoas(iommufd, ioas, 2n * PAGE, 2n));
    fails('EEXIST', () => bench.mapIoas(iommufd, ioas, PAGE, 2n));
    fails('EEXIST', () => bench.mapIoas(iommufd, ioas, 3n * PAGE, 1n));
    fails('EEXIST', () => bench.mapIoas(iommufd, ioas, 0n, 8n));
    bench.mapIoas(iommufd, ioas, PAGE, 1n);
  }),
  contractCase('ioas map: the kernel chooses 0x1000 first, never 0', ['iommufd'], (bench) => {
    const iommufd = bench.iommufd();
    const map = { flags: AUTO_READ_WRITE, ioas_id: bench.ioas(iommufd), user_va: bench.memory(PAGE), length: PAGE };
    assert.equal(call(bench.kernel, iommufd, 'IOMMU_IOAS_MAP', map).iova, PAGE);
    assert.equal(call(bench.kernel, iommufd, 'IOMMU_IOAS_MAP', map).iova, 2n * PAGE);
  }),
  contractCase('ioas map: the same memory can be mapped twice', ['cdev'], (bench) => {
    const { iommufd, ioas } = bench.attached();
    const map = { flags: FIXED_READ_WRITE, ioas_id: ioas, user_va: bench.memory(PAGE), length: PAGE };
    call(bench.kernel, iommufd, 'IOMMU_IOAS_MAP', map);
    call(bench.kernel, iommufd, 'IOMMU_IOAS_MAP', { ...map, iova: PAGE });
  }),
  ...BAD_UNMAPS.map(([what, fields, errno]) =>
    contractCase(`ioas unmap: ${what} is ${errno}`, ['iommufd'], (bench) => {
      const iommufd = bench.iommufd();
      const ioas_id = bench.ioas(iommufd);
      bench.mapIoas(iommufd, ioas_id, 0n, 1n);
      fails(errno, () => call(bench.kernel, iommufd, 'IOMMU_IOAS_UNMAP', { ioas_id, length: PAGE, ...fields }));
      assert.equal(bench.unmapIoas(iommufd, ioas_id, 0n, PAGE), PAGE);
    }),
  ),
  contractCase('ioas unmap: a range that cuts a map is ENOENT', ['iommufd'], (bench) => {
    const iommufd = bench.iommufd();
    const ioas = bench.ioas(iommufd);
    bench.mapIoas(iommufd, ioas, 0n, 4n);
    fails('ENOENT', () => bench.unmapIoas(iommufd, ioas, 0n, PAGE));
    fails('ENOENT', () => bench.unmapIoas(iommufd, ioas, PAGE, 3n * PAGE));
    assert.equal(bench.unmapIoas(iommufd, ioas, 0n, 4n * PAGE), 4n * PAGE);
  }),
  contractCase('ioas unmap: a range whose end cuts a map has taken the maps before it', ['iommufd'], (bench) => {
    const iommufd = bench.iommufd();
    const ioas = bench.ioas(iommufd);
    bench.mapIoas(iommufd, ioas, 0n, 1n);
    bench.mapIoas(iommufd, ioas, PAGE, 2n);
    fails('ENOENT', () => bench.unmapIoas(iommufd, ioas, 0n, 2n * PAGE));
    fails('ENOENT', () => bench.unmapIoas(iommufd, ioas, 0n, PAGE));
    assert.equal(bench.unmapIoas(iommufd, ioas, PAGE, 2n * PAGE), 2n * PAGE);
  }),
  contractCase('ioas unmap: a range over maps and holes unmaps them all and says how much', ['iommufd'], (bench) => {
    const iommufd = bench.iommufd();
    const ioas = bench.ioas(iommufd);
    bench.mapIoas(iommufd, ioas, PAGE, 1n);
    bench.mapIoas(iommufd, ioas, 4n * PAGE, 2n);
    assert.equal(bench.unmapIoas(iommufd, ioas, 0n, 16n * PAGE), 3n * PAGE);
  }),
  contractCase('ioas unmap: (0, 2^64-1) is everything, also of an empty IOAS', ['iommufd'], (bench) => {
    const iommufd = bench.iommufd();
    const ioas = bench.ioas(iommufd);
    assert.equal(bench.unmapIoas(iommufd, ioas, 0n, U64_MAX), 0n);
    bench.mapIoas(iommufd, ioas, PAGE, 3n);
    assert.equal(bench.unmapIoas(iommufd, ioas, 0n, U64_MAX), 3n * PAGE);
  }),
  contractCase('ioas copy: a part of a map can be copied, a hole cannot', ['iommufd'], (bench) => {
    const iommufd = bench.iommufd();
    const [source, target] = [bench.ioas(iommufd), bench.ioas(iommufd)];
    bench.mapIoas(iommufd, source, 0n, 4n);
    const copy = { flags: FIXED_READ_WRITE, src_ioas_id: source, dst_ioas_id: target, length: 2n * PAGE, dst_iova: 0n };
    call(bench.kernel, iommufd, 'IOMMU_IOAS_COPY', { ...copy, src_iova: PAGE });
    fails('EEXIST', () => call(bench.kernel, iommufd, 'IOMMU_IOAS_COPY', { ...copy, src_iova: PAGE }));
    fails('ENOENT', () => call(bench.kernel, iommufd, 'IOMMU_IOAS_COPY', { ...copy, src_iova: 3n * PAGE, dst_iova: 8n * PAGE }));
    fails('ENOENT', () => call(bench.kernel, iommufd, 'IOMMU_IOAS_COPY', { ...copy, src_ioas_id: 99, src_iova: 0n }));
    assert.equal(bench.unmapIoas(iommufd, target, 0n, 2n * PAGE), 2n * PAGE);
  }),
  contractCase('ioas map file: memory of a memfd is mapped without an address', ['cdev', 'map-file'], (bench) => {
    const { iommufd, ioas } = bench.attached();
    const map = { flags: FIXED_READ_WRITE, ioas_id: ioas, fd: bench.memfd(4n * PAGE), start: PAGE, length: 2n * PAGE };
    call(bench.kernel, iommufd, 'IOMMU_IOAS_MAP_FILE', map);
    fails('EEXIST', () => call(bench.kernel, iommufd, 'IOMMU_IOAS_MAP_FILE', map));
    fails('EBADF', () => call(bench.kernel, iommufd, 'IOMMU_IOAS_MAP_FILE', { ...map, fd: 999_999, iova: 8n * PAGE }));
    fails('EINVAL', () => call(bench.kernel, iommufd, 'IOMMU_IOAS_MAP_FILE', { ...map, length: 0n, iova: 8n * PAGE }));
    fails('EINVAL', () =>
      call(bench.kernel, iommufd, 'IOMMU_IOAS_MAP_FILE', { ...map, fd: bench.open('/dev/null'), iova: 8n * PAGE }),
    );
    assert.equal(bench.unmapIoas(iommufd, ioas, 0n, 2n * PAGE), 2n * PAGE);
  }),
];
