import assert from 'node:assert/strict';
import { call } from '../../src/kernel/call.ts';
import { contractCase, fails, FIXED_READ_WRITE, PAGE, type Bench } from './bench.ts';
import type { ContractCase } from './fixture.ts';

/** Pages of the limit. */
const limit = ({ fixture }: Bench): bigint => {
  assert.ok(fixture.memlockLimit !== undefined);
  return fixture.memlockLimit / PAGE;
};

/** RLIMIT_MEMLOCK of a process that is held to it. */
export const MEMLOCK_CASES: readonly ContractCase[] = [
  contractCase('memlock: type1 takes as much as the limit, one page more is ENOMEM', ['memlock', 'type1'], (bench) => {
    const { container } = bench.type1();
    const pages = limit(bench);
    bench.mapType1(container, 0n, pages);
    fails('ENOMEM', () => bench.mapType1(container, pages * PAGE, 1n));
    bench.unmapType1(container, 0n, pages * PAGE);
    bench.mapType1(container, 0n, 1n);
  }),
  contractCase('memlock: type1 charges memory that is mapped twice twice', ['memlock', 'type1'], (bench) => {
    const { container } = bench.type1();
    const pages = limit(bench);
    const vaddr = bench.memory(pages * PAGE);
    bench.mapType1(container, 0n, pages, vaddr);
    fails('ENOMEM', () => bench.mapType1(container, pages * PAGE, pages, vaddr));
  }),
  contractCase('memlock: an iommufd holds to the limit from the attach on', ['memlock', 'cdev'], (bench) => {
    const iommufd = bench.iommufd();
    const { cdev } = bench.bound(iommufd);
    const ioas_id = bench.ioas(iommufd);
    const length = (limit(bench) + 1n) * PAGE;
    call(bench.kernel, iommufd, 'IOMMU_IOAS_MAP', { flags: FIXED_READ_WRITE, ioas_id, user_va: bench.memory(length), length });
    fails('ENOMEM', () => call(bench.kernel, cdev, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', { pt_id: ioas_id }));
    bench.unmapIoas(iommufd, ioas_id, 0n, length);
    call(bench.kernel, cdev, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', { pt_id: ioas_id });
    fails('ENOMEM', () => bench.mapIoas(iommufd, ioas_id, 0n, limit(bench) + 1n));
    bench.mapIoas(iommufd, ioas_id, 0n, limit(bench));
  }),
  contractCase('memlock: a copy to another IOAS is not charged', ['memlock', 'cdev'], (bench) => {
    const { iommufd, ioas } = bench.attached();
    const pages = limit(bench);
    bench.mapIoas(iommufd, ioas, 0n, pages);
    const copy = { flags: FIXED_READ_WRITE, src_ioas_id: ioas, dst_ioas_id: ioas, length: pages * PAGE, dst_iova: pages * PAGE };
    call(bench.kernel, iommufd, 'IOMMU_IOAS_COPY', copy);
    fails('ENOMEM', () => bench.mapIoas(iommufd, ioas, 4n * pages * PAGE, 1n));
  }),
];
