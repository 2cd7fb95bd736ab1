import assert from 'node:assert/strict';
import { call } from '../../src/kernel/call.ts';
import { encode } from '../../src/kernel/uapi/codec.ts';
import { HW_CAPABILITIES, HWPT_FLAGS } from '../../src/kernel/uapi/constants.ts';
import { IOCTLS } from '../../src/kernel/uapi/ioctls.ts';
import { contractCase, fails } from './bench.ts';
import type { ContractCase } from './fixture.ts';

const UNKNOWN_FLAG = 1 << 30;

/** Page tables that are made by hand, and what the hardware says of itself (drivers/iommu/iommufd/hw_pagetable.c, device.c). */
export const HWPT_CASES: readonly ContractCase[] = [
  contractCase('hwpt: one made by hand can be attached to, and outlives the detach', ['cdev'], (bench) => {
    const iommufd = bench.iommufd();
    const { cdev, devid: dev_id } = bench.bound(iommufd);
    const pt_id = bench.ioas(iommufd);
    const { out_hwpt_id } = call(bench.kernel, iommufd, 'IOMMU_HWPT_ALLOC', { dev_id, pt_id });
    assert.equal(call(bench.kernel, cdev, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', { pt_id: out_hwpt_id }).pt_id, out_hwpt_id);
    fails('EBUSY', () => call(bench.kernel, iommufd, 'IOMMU_DESTROY', { id: out_hwpt_id }));
    call(bench.kernel, cdev, 'VFIO_DEVICE_DETACH_IOMMUFD_PT');
    fails('EBUSY', () => call(bench.kernel, iommufd, 'IOMMU_DESTROY', { id: pt_id }));
    call(bench.kernel, iommufd, 'IOMMU_DESTROY', { id: out_hwpt_id });
    call(bench.kernel, iommufd, 'IOMMU_DESTROY', { id: pt_id });
  }),
  contractCase('hwpt: one made by hand is not used for an attach to its IOAS', ['cdev'], (bench) => {
    const iommufd = bench.iommufd();
    const { cdev, devid: dev_id } = bench.bound(iommufd);
    const pt_id = bench.ioas(iommufd);
    const { out_hwpt_id } = call(bench.kernel, iommufd, 'IOMMU_HWPT_ALLOC', { dev_id, pt_id });
    assert.notEqual(call(bench.kernel, cdev, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', { pt_id }).pt_id, out_hwpt_id);
  }),
  contractCase('hwpt: an absent device is ENOENT, an absent IOAS or another kind of object EINVAL', ['cdev'], (bench) => {
    const iommufd = bench.iommufd();
    const { devid: dev_id } = bench.bound(iommufd);
    const pt_id = bench.ioas(iommufd);
    fails('ENOENT', () => call(bench.kernel, iommufd, 'IOMMU_HWPT_ALLOC', { dev_id: 99, pt_id }));
    fails('EINVAL', () => call(bench.kernel, iommufd, 'IOMMU_HWPT_ALLOC', { dev_id, pt_id: 99 }));
    fails('EINVAL', () => call(bench.kernel, iommufd, 'IOMMU_HWPT_ALLOC', { dev_id, pt_id: dev_id }));
  }),
  contractCase('hwpt: reserved bits and unknown flags are EOPNOTSUPP, data without a type EINVAL', ['cdev'], (bench) => {
    const iommufd = bench.iommufd();
    const { devid: dev_id } = bench.bound(iommufd);
    const pt_id = bench.ioas(iommufd);
    fails('EOPNOTSUPP', () => call(bench.kernel, iommufd, 'IOMMU_HWPT_ALLOC', { dev_id, pt_id, __reserved: 1 }));
    fails('EOPNOTSUPP', () => call(bench.kernel, iommufd, 'IOMMU_HWPT_ALLOC', { dev_id, pt_id, flags: UNKNOWN_FLAG }));
    fails('EINVAL', () => call(bench.kernel, iommufd, 'IOMMU_HWPT_ALLOC', { dev_id, pt_id, data_len: 8 }));
    fails('EINVAL', () => call(bench.kernel, iommufd, 'IOMMU_HWPT_ALLOC', { dev_id, pt_id, data_type: 1 }));
  }),
  contractCase('hwpt: the 24 bytes of 6.6 are still taken', ['cdev'], (bench) => {
    const iommufd = bench.iommufd();
    const { devid: dev_id } = bench.bound(iommufd);
    const bytes = encode('iommu_hwpt_alloc', { dev_id, pt_id: bench.ioas(iommufd) }, { size: 24 });
    assert.equal(bench.kernel.ioctl(iommufd, IOCTLS.IOMMU_HWPT_ALLOC.number, bytes), 0);
  }),
  contractCase('hwpt: dirty tracking is there exactly when the hardware info says so', ['cdev'], (bench) => {
    const iommufd = bench.iommufd();
    const { devid: dev_id } = bench.bound(iommufd);
    const pt_id = bench.ioas(iommufd);
    const { out_capabilities } = call(bench.kernel, iommufd, 'IOMMU_GET_HW_INFO', { dev_id });
    const alloc = (): unknown =>
      call(bench.kernel, iommufd, 'IOMMU_HWPT_ALLOC', { dev_id, pt_id, flags: HWPT_FLAGS.ALLOC_DIRTY_TRACKING });
    if ((out_capabilities & HW_CAPABILITIES.DIRTY_TRACKING) === 0n) fails('EOPNOTSUPP', alloc);
    else alloc();
  }),
  contractCase('hwpt: dirty tracking of a page table without it is EOPNOTSUPP', ['cdev'], (bench) => {
    const { iommufd, hwpt: hwpt_id } = bench.attached();
    fails('EOPNOTSUPP', () => call(bench.kernel, iommufd, 'IOMMU_HWPT_SET_DIRTY_TRACKING', { hwpt_id, flags: 1 }));
    fails('EOPNOTSUPP', () => call(bench.kernel, iommufd, 'IOMMU_HWPT_SET_DIRTY_TRACKING', { hwpt_id, flags: 2 }));
    fails('ENOENT', () => call(bench.kernel, iommufd, 'IOMMU_HWPT_SET_DIRTY_TRACKING', { hwpt_id: 99 }));
  }),
  contractCase('hw info: data_len comes back as the kernel has it, whatever room there was', ['cdev'], (bench) => {
    const iommufd = bench.iommufd();
    const { devid: dev_id } = bench.bound(iommufd);
    const { data_len } = call(bench.kernel, iommufd, 'IOMMU_GET_HW_INFO', { dev_id });
    const { address, bytes } = bench.kernel.allocate(64);
    bytes.fill(0xff);
    const large = call(bench.kernel, iommufd, 'IOMMU_GET_HW_INFO', { dev_id, data_len: 64, data_uptr: address });
    assert.equal(large.data_len, data_len);
    assert.ok(bytes.subarray(data_len).every((byte) => byte === 0));
  }),
  contractCase('hw info: unknown flags are EOPNOTSUPP, an absent device ENOENT, bad memory EFAULT', ['cdev'], (bench) => {
    const iommufd = bench.iommufd();
    const { devid: dev_id } = bench.bound(iommufd);
    fails('EOPNOTSUPP', () => call(bench.kernel, iommufd, 'IOMMU_GET_HW_INFO', { dev_id, flags: 2 }));
    fails('ENOENT', () => call(bench.kernel, iommufd, 'IOMMU_GET_HW_INFO', { dev_id: 99 }));
    fails('EFAULT', () => call(bench.kernel, iommufd, 'IOMMU_GET_HW_INFO', { dev_id, data_len: 64, data_uptr: 0x10n }));
  }),
];
