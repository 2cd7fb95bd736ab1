import assert from 'node:assert/strict';
import { call } from '../../src/kernel/call.ts';
import { callGrowing, readCapabilityChain } from '../../src/kernel/growing-call.ts';
import { decode, encode } from '../../src/kernel/uapi/codec.ts';
import { EXTENSION, TYPE1_INFO_CAPABILITY, TYPE1_UNMAP_FLAGS, VFIO_IOAS_OP } from '../../src/kernel/uapi/constants.ts';
import { IOCTLS } from '../../src/kernel/uapi/ioctls.ts';
import { contractCase, fails, PAGE, READ_WRITE, U64_MAX, type Bench } from './bench.ts';
import type { ContractCase } from './fixture.ts';

interface CompatGroup {
  readonly iommufd: number;
  readonly group: number;
}

/** A group on an iommufd. */
const compatGroup = (bench: Bench): CompatGroup => {
  const iommufd = bench.iommufd();
  const group = bench.group();
  call(bench.kernel, group, 'VFIO_GROUP_SET_CONTAINER', iommufd);
  return { iommufd, group };
};

/** The same with the IOMMU set and the device open. */
const compatDevice = (bench: Bench, version: 1 | 2 = 2): CompatGroup & { readonly device: number } => {
  const opened = compatGroup(bench);
  call(bench.kernel, opened.iommufd, 'VFIO_SET_IOMMU', version === 2 ? EXTENSION.TYPE1v2_IOMMU : EXTENSION.TYPE1_IOMMU);
  return { ...opened, device: bench.deviceFd(opened.group) };
};

/** VFIO container ioctls on an iommufd (drivers/iommu/iommufd/vfio_compat.c). */
export const COMPAT_CASES: readonly ContractCase[] = [
  contractCase('compat: RLIMIT_MODE tells an iommufd from a native container', ['iommufd', 'type1'], (bench) => {
    assert.equal(call(bench.kernel, bench.iommufd(), 'IOMMU_OPTION', { op: 1 }).result, 0);
    fails('EINVAL', () => call(bench.kernel, bench.container(), 'IOMMU_OPTION', { op: 1 }));
  }),
  contractCase('compat: without an IOAS the calls that need one are ENODEV', ['iommufd'], (bench) => {
    const iommufd = bench.iommufd();
    assert.equal(call(bench.kernel, iommufd, 'VFIO_GET_API_VERSION').result, 0);
    assert.equal(call(bench.kernel, iommufd, 'VFIO_CHECK_EXTENSION', EXTENSION.TYPE1v2_IOMMU).result, 1);
    fails('ENODEV', () => call(bench.kernel, iommufd, 'VFIO_CHECK_EXTENSION', EXTENSION.DMA_CC_IOMMU));
    fails('ENODEV', () => call(bench.kernel, iommufd, 'VFIO_SET_IOMMU', EXTENSION.TYPE1v2_IOMMU));
    fails('ENODEV', () => call(bench.kernel, iommufd, 'VFIO_IOMMU_GET_INFO'));
    fails('ENODEV', () => call(bench.kernel, iommufd, 'VFIO_IOMMU_MAP_DMA', { flags: READ_WRITE, size: PAGE }));
    fails('ENODEV', () => call(bench.kernel, iommufd, 'VFIO_IOMMU_UNMAP_DMA', { size: PAGE }));
  }),
  contractCase('compat: a group that comes in makes an IOAS', ['iommufd'], (bench) => {
    const { iommufd } = compatGroup(bench);
    assert.equal(call(bench.kernel, iommufd, 'IOMMU_VFIO_IOAS', { op: VFIO_IOAS_OP.GET }).ioas_id, 1);
  }),
  contractCase('compat: SET_IOMMU may be repeated, and another type is EINVAL', ['iommufd'], (bench) => {
    const { iommufd } = compatGroup(bench);
    for (const type of [3, 3, 1]) call(bench.kernel, iommufd, 'VFIO_SET_IOMMU', type);
    for (const type of [0, 2, 7, 99]) fails('EINVAL', () => call(bench.kernel, iommufd, 'VFIO_SET_IOMMU', type));
  }),
  contractCase('compat: GET_DEVICE_FD needs no SET_IOMMU, and binds and attaches', ['iommufd'], (bench) => {
    const { iommufd, group } = compatGroup(bench);
    bench.deviceFd(group);
    fails('EBUSY', () => call(bench.kernel, iommufd, 'IOMMU_DESTROY', { id: 1 }));
  }),
  contractCase('compat: UNSET_CONTAINER with an open device is 0, and the device stays usable', ['iommufd'], (bench) => {
    const { group, device } = compatDevice(bench);
    call(bench.kernel, group, 'VFIO_GROUP_UNSET_CONTAINER');
    assert.equal(call(bench.kernel, device, 'VFIO_DEVICE_GET_INFO').num_regions, 9);
  }),
  contractCase('compat: the group can be closed and opened again while its device is open', ['iommufd', 'type1'], (bench) => {
    const { group, device } = compatDevice(bench);
    bench.close(group);
    const again = bench.group();
    fails('EPERM', () => call(bench.kernel, again, 'VFIO_GROUP_SET_CONTAINER', bench.container()));
    assert.equal(call(bench.kernel, device, 'VFIO_DEVICE_GET_INFO').num_regions, 9);
  }),
  contractCase('compat: maps outlive UNSET_CONTAINER', ['iommufd'], (bench) => {
    const { iommufd, group } = compatGroup(bench);
    bench.mapType1(iommufd, 0n, 1n);
    call(bench.kernel, group, 'VFIO_GROUP_UNSET_CONTAINER');
    assert.equal(bench.unmapType1(iommufd, 0n, PAGE), PAGE);
  }),
  contractCase(
    'compat: GET_INFO before a device knows no limits; its chain is DMA_AVAIL at 24, IOVA_RANGE at 40',
    ['iommufd'],
    (bench) => {
      const { iommufd } = compatGroup(bench);
      const bytes = callGrowing(bench.kernel, iommufd, 'VFIO_IOMMU_GET_INFO');
      const { cap_offset, iova_pgsizes } = decode('vfio_iommu_type1_info', bytes);
      assert.equal(iova_pgsizes, U64_MAX - PAGE + 1n);
      assert.deepEqual(
        readCapabilityChain(bytes, cap_offset).map(({ id, offset }) => [id, offset]),
        [
          [TYPE1_INFO_CAPABILITY.DMA_AVAIL, 24],
          [TYPE1_INFO_CAPABILITY.CAP_IOVA_RANGE, 40],
        ],
      );
      assert.equal(decode('vfio_iommu_type1_info_dma_avail', bytes, 24).avail, 0xffff_ffff);
      assert.deepEqual(decode('vfio_iova_range', bytes, 56), { start: 0n, end: U64_MAX });
    },
  ),
  contractCase('compat: a map over what the device reserves shows at GET_DEVICE_FD: EADDRINUSE', ['iommufd'], (bench) => {
    const { iommufd, group } = compatGroup(bench);
    bench.mapType1(iommufd, bench.fixture.reservedIova, 1n);
    fails('EADDRINUSE', () => call(bench.kernel, group, 'VFIO_GROUP_GET_DEVICE_FD', bench.fixture.device.address));
  }),
  contractCase('compat: a map without access is accepted, as long as no device makes a page table of it', ['iommufd'], (bench) => {
    const { iommufd } = compatGroup(bench);
    call(bench.kernel, iommufd, 'VFIO_IOMMU_MAP_DMA', { vaddr: bench.memory(PAGE), size: PAGE });
  }),
  contractCase('compat: map flags other than READ and WRITE are EINVAL, an overlap is EEXIST', ['iommufd'], (bench) => {
    const { iommufd } = compatDevice(bench);
    const map = { flags: READ_WRITE, vaddr: bench.memory(PAGE), size: PAGE };
    fails('EINVAL', () => call(bench.kernel, iommufd, 'VFIO_IOMMU_MAP_DMA', { ...map, flags: 4 }));
    call(bench.kernel, iommufd, 'VFIO_IOMMU_MAP_DMA', map);
    fails('EEXIST', () => call(bench.kernel, iommufd, 'VFIO_IOMMU_MAP_DMA', map));
  }),
  contractCase('compat: an unmap of a hole is 0, of a part ENOENT with size 0 written', ['iommufd'], (bench) => {
    const { iommufd } = compatDevice(bench);
    bench.mapType1(iommufd, 0n, 4n);
    assert.equal(bench.unmapType1(iommufd, 0x10_0000n, PAGE), 0n);
    const bytes = encode('vfio_iommu_type1_dma_unmap', { size: PAGE });
    fails('ENOENT', () => bench.kernel.ioctl(iommufd, IOCTLS.VFIO_IOMMU_UNMAP_DMA.number, bytes));
    assert.equal(decode('vfio_iommu_type1_dma_unmap', bytes).size, 0n);
  }),
  contractCase('compat: with type1 v1 a part of a map can be unmapped', ['iommufd'], (bench) => {
    const { iommufd } = compatDevice(bench, 1);
    bench.mapType1(iommufd, 0n, 4n);
    assert.equal(bench.unmapType1(iommufd, PAGE, PAGE), PAGE);
    assert.equal(bench.unmapType1(iommufd, 0n, 4n * PAGE), 3n * PAGE);
  }),
  contractCase('compat: UNMAP ALL takes everything, other flags and arguments with it are EINVAL', ['iommufd'], (bench) => {
    const { iommufd } = compatDevice(bench);
    bench.mapType1(iommufd, PAGE, 3n);
    fails('EINVAL', () => bench.unmapType1(iommufd, 0n, PAGE, TYPE1_UNMAP_FLAGS.ALL));
    fails('EINVAL', () => bench.unmapType1(iommufd, 0n, PAGE, TYPE1_UNMAP_FLAGS.VADDR));
    assert.equal(bench.unmapType1(iommufd, 0n, 0n, TYPE1_UNMAP_FLAGS.ALL), 3n * PAGE);
  }),
  contractCase('compat: dirty pages are ENOTTY', ['iommufd'], (bench) => {
    const { iommufd } = compatDevice(bench);
    fails('ENOTTY', () => call(bench.kernel, iommufd, 'VFIO_IOMMU_DIRTY_PAGES', { flags: 1 }));
  }),
];
