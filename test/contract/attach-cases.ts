import assert from 'node:assert/strict';
import { call } from '../../src/kernel/call.ts';
import { encode } from '../../src/kernel/uapi/codec.ts';
import { IOCTLS } from '../../src/kernel/uapi/ioctls.ts';
import { contractCase, fails, FIXED_READ_WRITE, PAGE } from './bench.ts';
import type { ContractCase } from './fixture.ts';

const { VFIO_DEVICE_ATTACH_IOMMUFD_PT, VFIO_DEVICE_DETACH_IOMMUFD_PT } = IOCTLS;

/** Attach, replace and detach through a cdev (drivers/iommu/iommufd/device.c). */
export const ATTACH_CASES: readonly ContractCase[] = [
  contractCase('attach: to an IOAS gives the id of an automatic page table', ['cdev'], (bench) => {
    const { ioas, devid, hwpt } = bench.attached();
    assert.deepEqual([devid, ioas, hwpt], [1, 2, 3]);
  }),
  contractCase('attach: to an absent id is ENOENT', ['cdev'], (bench) => {
    const { cdev } = bench.bound(bench.iommufd());
    fails('ENOENT', () => call(bench.kernel, cdev, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', { pt_id: 77 }));
  }),
  contractCase('attach: to an object of another kind is EINVAL', ['cdev'], (bench) => {
    const { cdev, devid } = bench.bound(bench.iommufd());
    fails('EINVAL', () => call(bench.kernel, cdev, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', { pt_id: devid }));
  }),
  contractCase('attach: unknown flags and a short argsz are EINVAL', ['cdev'], (bench) => {
    const iommufd = bench.iommufd();
    const { cdev } = bench.bound(iommufd);
    const pt_id = bench.ioas(iommufd);
    fails('EINVAL', () => call(bench.kernel, cdev, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', { pt_id, flags: 2 }));
    const bytes = encode('vfio_device_attach_iommufd_pt', { argsz: 11, pt_id });
    fails('EINVAL', () => bench.kernel.ioctl(cdev, VFIO_DEVICE_ATTACH_IOMMUFD_PT.number, bytes));
  }),
  contractCase('attach: to the same IOAS again changes nothing', ['cdev'], (bench) => {
    const { cdev, ioas, hwpt } = bench.attached();
    assert.equal(call(bench.kernel, cdev, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', { pt_id: ioas }).pt_id, hwpt);
  }),
  contractCase('attach: while attached replaces, and the old automatic page table is gone', ['cdev'], (bench) => {
    const { iommufd, cdev, hwpt } = bench.attached();
    const second = bench.ioas(iommufd);
    const { pt_id } = call(bench.kernel, cdev, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', { pt_id: second });
    assert.notEqual(pt_id, hwpt);
    fails('ENOENT', () => call(bench.kernel, iommufd, 'IOMMU_DESTROY', { id: hwpt }));
  }),
  contractCase(
    'attach: two groups behind the same kind of IOMMU share the automatic page table',
    ['cdev', 'other cdev'],
    (bench) => {
      const { iommufd, ioas, hwpt } = bench.attached();
      const { cdev } = bench.bound(iommufd, bench.fixture.other);
      assert.equal(call(bench.kernel, cdev, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', { pt_id: ioas }).pt_id, hwpt);
    },
  ),
  contractCase(
    'attach: the second device of a group goes where the first is, and nowhere else',
    ['cdev', 'sibling cdevs'],
    (bench) => {
      const [one, two] = bench.fixture.siblings ?? [];
      const iommufd = bench.iommufd();
      const first = bench.bound(iommufd, one);
      const second = bench.bound(iommufd, two);
      const [ioas, elsewhere] = [bench.ioas(iommufd), bench.ioas(iommufd)];
      const { pt_id } = call(bench.kernel, first.cdev, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', { pt_id: ioas });
      fails('EINVAL', () => call(bench.kernel, second.cdev, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', { pt_id: elsewhere }));
      assert.equal(call(bench.kernel, second.cdev, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', { pt_id: ioas }).pt_id, pt_id);
    },
  ),
  contractCase('attach: a replace moves all attached devices of the group', ['cdev', 'sibling cdevs'], (bench) => {
    const [one, two] = bench.fixture.siblings ?? [];
    const iommufd = bench.iommufd();
    const first = bench.bound(iommufd, one);
    const second = bench.bound(iommufd, two);
    const [ioas, elsewhere] = [bench.ioas(iommufd), bench.ioas(iommufd)];
    for (const { cdev } of [first, second]) call(bench.kernel, cdev, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', { pt_id: ioas });
    const moved = call(bench.kernel, first.cdev, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', { pt_id: elsewhere }).pt_id;
    assert.equal(call(bench.kernel, second.cdev, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', { pt_id: elsewhere }).pt_id, moved);
    call(bench.kernel, iommufd, 'IOMMU_DESTROY', { id: ioas });
  }),
  contractCase('attach: a map over a reserved range is EADDRINUSE', ['cdev'], (bench) => {
    const iommufd = bench.iommufd();
    const { cdev } = bench.bound(iommufd);
    const ioas = bench.ioas(iommufd);
    bench.mapIoas(iommufd, ioas, bench.fixture.reservedIova, 1n);
    fails('EADDRINUSE', () => call(bench.kernel, cdev, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', { pt_id: ioas }));
  }),
  contractCase('attach: a map of memory that is not there is EFAULT now, and leaves nothing attached', ['cdev'], (bench) => {
    const iommufd = bench.iommufd();
    const { cdev } = bench.bound(iommufd);
    const ioas_id = bench.ioas(iommufd);
    const user_va = bench.kernel.map({ length: PAGE, shared: false });
    bench.kernel.unmap(user_va, PAGE);
    call(bench.kernel, iommufd, 'IOMMU_IOAS_MAP', { flags: FIXED_READ_WRITE, ioas_id, user_va, length: PAGE });
    fails('EFAULT', () => call(bench.kernel, cdev, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', { pt_id: ioas_id }));
    call(bench.kernel, iommufd, 'IOMMU_DESTROY', { id: ioas_id });
  }),
  contractCase('attach: a map that no page table can hold is EADDRINUSE', ['cdev'], (bench) => {
    const iommufd = bench.iommufd();
    const { cdev } = bench.bound(iommufd);
    const ioas_id = bench.ioas(iommufd);
    const user_va = bench.memory(PAGE);
    call(bench.kernel, iommufd, 'IOMMU_IOAS_MAP', { flags: FIXED_READ_WRITE, ioas_id, user_va, iova: 1n, length: 100n });
    fails('EADDRINUSE', () => call(bench.kernel, cdev, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', { pt_id: ioas_id }));
  }),
  contractCase('detach: of a device that is not attached is no error, twice as well', ['cdev'], (bench) => {
    const { cdev, iommufd, hwpt, ioas } = bench.attached();
    call(bench.kernel, cdev, 'VFIO_DEVICE_DETACH_IOMMUFD_PT');
    call(bench.kernel, cdev, 'VFIO_DEVICE_DETACH_IOMMUFD_PT');
    fails('ENOENT', () => call(bench.kernel, iommufd, 'IOMMU_DESTROY', { id: hwpt }));
    call(bench.kernel, iommufd, 'IOMMU_DESTROY', { id: ioas });
  }),
  contractCase('detach: unknown flags and a short argsz are EINVAL', ['cdev'], (bench) => {
    const { cdev } = bench.attached();
    fails('EINVAL', () => call(bench.kernel, cdev, 'VFIO_DEVICE_DETACH_IOMMUFD_PT', { flags: 2 }));
    const bytes = encode('vfio_device_detach_iommufd_pt', { argsz: 7 });
    fails('EINVAL', () => bench.kernel.ioctl(cdev, VFIO_DEVICE_DETACH_IOMMUFD_PT.number, bytes));
  }),
  contractCase('detach: attach and detach can be repeated', ['cdev'], (bench) => {
    const { cdev, ioas, hwpt } = bench.attached();
    for (let round = 0; round < 3; round += 1) {
      call(bench.kernel, cdev, 'VFIO_DEVICE_DETACH_IOMMUFD_PT');
      assert.equal(call(bench.kernel, cdev, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', { pt_id: ioas }).pt_id, hwpt);
    }
  }),
  contractCase('close: a device that goes leaves the IOAS and its maps', ['cdev'], (bench) => {
    const { iommufd, ioas, cdev, hwpt } = bench.attached();
    bench.mapIoas(iommufd, ioas, PAGE, 1n);
    bench.close(cdev);
    fails('ENOENT', () => call(bench.kernel, iommufd, 'IOMMU_DESTROY', { id: hwpt }));
    assert.equal(bench.unmapIoas(iommufd, ioas, PAGE, PAGE), PAGE);
  }),
];
