import assert from 'node:assert/strict';
import { call } from '../../src/kernel/call.ts';
import { callGrowing, readCapabilityChain } from '../../src/kernel/growing-call.ts';
import { decode, encode } from '../../src/kernel/uapi/codec.ts';
import { EXTENSION, TYPE1_INFO_CAPABILITY, TYPE1_INFO_FLAGS } from '../../src/kernel/uapi/constants.ts';
import { IOCTLS } from '../../src/kernel/uapi/ioctls.ts';
import { contractCase, fails, PAGE } from './bench.ts';
import type { ContractCase } from './fixture.ts';

/** No IOMMU type has these numbers on x86. */
const UNSUPPORTED_TYPES = [0, 2, 4, 7, 10, 99] as const;

/** A native /dev/vfio/vfio (drivers/vfio/container.c). */
export const CONTAINER_CASES: readonly ContractCase[] = [
  contractCase('container: the API version is 0, type1 and type1v2 are there', [], (bench) => {
    const container = bench.container();
    assert.equal(call(bench.kernel, container, 'VFIO_GET_API_VERSION').result, 0);
    assert.equal(call(bench.kernel, container, 'VFIO_CHECK_EXTENSION', EXTENSION.TYPE1_IOMMU).result, 1);
    assert.equal(call(bench.kernel, container, 'VFIO_CHECK_EXTENSION', EXTENSION.TYPE1v2_IOMMU).result, 1);
    assert.equal(call(bench.kernel, container, 'VFIO_CHECK_EXTENSION', 2).result, 0);
  }),
  contractCase('container: SET_IOMMU without a group is EINVAL', ['type1'], (bench) => {
    fails('EINVAL', () => call(bench.kernel, bench.container(), 'VFIO_SET_IOMMU', EXTENSION.TYPE1v2_IOMMU));
  }),
  contractCase('container: SET_IOMMU twice is EINVAL', ['type1'], (bench) => {
    const { container } = bench.type1();
    fails('EINVAL', () => call(bench.kernel, container, 'VFIO_SET_IOMMU', EXTENSION.TYPE1v2_IOMMU));
    fails('EINVAL', () => call(bench.kernel, container, 'VFIO_SET_IOMMU', EXTENSION.TYPE1_IOMMU));
  }),
  contractCase(
    'container: SET_IOMMU with a type that is not supported is ENODEV, and a good one still works',
    ['type1'],
    (bench) => {
      const container = bench.container();
      call(bench.kernel, bench.group(), 'VFIO_GROUP_SET_CONTAINER', container);
      for (const type of UNSUPPORTED_TYPES) fails('ENODEV', () => call(bench.kernel, container, 'VFIO_SET_IOMMU', type));
      call(bench.kernel, container, 'VFIO_SET_IOMMU', EXTENSION.TYPE1v2_IOMMU);
    },
  ),
  contractCase('container: everything but the first calls is EINVAL before SET_IOMMU', ['type1'], (bench) => {
    const container = bench.container();
    fails('EINVAL', () => call(bench.kernel, container, 'VFIO_IOMMU_GET_INFO'));
    fails('EINVAL', () => call(bench.kernel, container, 'VFIO_IOMMU_MAP_DMA', { flags: 3, size: PAGE }));
    fails('EINVAL', () => bench.kernel.ioctl(container, 0x3bff, 0));
    fails('EINVAL', () => call(bench.kernel, container, 'IOMMU_OPTION', { op: 1 }));
  }),
  contractCase('container: an unknown ioctl is ENOTTY after SET_IOMMU', ['type1'], (bench) => {
    const { container } = bench.type1();
    fails('ENOTTY', () => bench.kernel.ioctl(container, 0x3bff, 0));
    fails('ENOTTY', () => call(bench.kernel, container, 'IOMMU_OPTION', { op: 1 }));
  }),
  contractCase('container: UPDATE_VADDR comes with SET_IOMMU', ['type1'], (bench) => {
    const container = bench.container();
    assert.equal(call(bench.kernel, container, 'VFIO_CHECK_EXTENSION', EXTENSION.UPDATE_VADDR).result, 0);
    bench.close(container);
    assert.equal(call(bench.kernel, bench.type1().container, 'VFIO_CHECK_EXTENSION', EXTENSION.UPDATE_VADDR).result, 1);
  }),
  contractCase('container: the last group takes the IOMMU and the mappings with it', ['type1'], (bench) => {
    const { container, group } = bench.type1();
    bench.mapType1(container, 0n, 1n);
    call(bench.kernel, group, 'VFIO_GROUP_UNSET_CONTAINER');
    fails('EINVAL', () => bench.unmapType1(container, 0n, PAGE));
    call(bench.kernel, group, 'VFIO_GROUP_SET_CONTAINER', container);
    call(bench.kernel, container, 'VFIO_SET_IOMMU', EXTENSION.TYPE1v2_IOMMU);
    assert.equal(bench.unmapType1(container, 0n, PAGE), 0n);
  }),
  contractCase('container: two groups share it and its mappings', ['type1', 'other'], (bench) => {
    const { container } = bench.type1();
    bench.mapType1(container, 0n, 1n);
    const second = bench.group(bench.fixture.other);
    call(bench.kernel, second, 'VFIO_GROUP_SET_CONTAINER', container);
    bench.deviceFd(second, bench.fixture.other);
    assert.equal(bench.unmapType1(container, 0n, PAGE), PAGE);
  }),
  contractCase('container: GET_INFO with a short argsz is EINVAL', ['type1'], (bench) => {
    const bytes = encode('vfio_iommu_type1_info', { argsz: 15 });
    fails('EINVAL', () => bench.kernel.ioctl(bench.type1().container, IOCTLS.VFIO_IOMMU_GET_INFO.number, bytes));
  }),
  contractCase('container: GET_INFO says how much room it needs, and gives nothing of the chain without it', ['type1'], (bench) => {
    const info = call(bench.kernel, bench.type1().container, 'VFIO_IOMMU_GET_INFO');
    assert.equal(info.flags, TYPE1_INFO_FLAGS.PGSIZES | TYPE1_INFO_FLAGS.CAPS);
    assert.ok(info.argsz > 72);
    assert.equal(info.cap_offset, 0);
    assert.equal(info.iova_pgsizes & PAGE, PAGE);
  }),
  contractCase('container: the chain of GET_INFO is MIGRATION at 24, DMA_AVAIL at 56, IOVA_RANGE at 72', ['type1'], (bench) => {
    const { container } = bench.type1();
    const bytes = callGrowing(bench.kernel, container, 'VFIO_IOMMU_GET_INFO');
    const { cap_offset } = decode('vfio_iommu_type1_info', bytes);
    const { CAP_IOVA_RANGE, CAP_MIGRATION, DMA_AVAIL } = TYPE1_INFO_CAPABILITY;
    assert.deepEqual(
      readCapabilityChain(bytes, cap_offset).map(({ id, offset }) => [id, offset]),
      [
        [CAP_MIGRATION, 24],
        [DMA_AVAIL, 56],
        [CAP_IOVA_RANGE, 72],
      ],
    );
  }),
  contractCase('container: the IOVA ranges of GET_INFO leave the reserved range out', ['type1'], (bench) => {
    const bytes = callGrowing(bench.kernel, bench.type1().container, 'VFIO_IOMMU_GET_INFO');
    const { nr_iovas } = decode('vfio_iommu_type1_info_cap_iova_range', bytes, 72);
    const ranges = Array.from({ length: nr_iovas }, (_, index) => decode('vfio_iova_range', bytes, 88 + 16 * index));
    assert.equal(ranges[0]?.start, 0n);
    assert.ok(!ranges.some(({ start, end }) => start <= bench.fixture.reservedIova && bench.fixture.reservedIova <= end));
  }),
  contractCase('container: DMA_AVAIL counts mappings', ['type1'], (bench) => {
    const { container } = bench.type1();
    const available = (): number =>
      decode('vfio_iommu_type1_info_dma_avail', callGrowing(bench.kernel, container, 'VFIO_IOMMU_GET_INFO'), 56).avail;
    const before = available();
    bench.mapType1(container, 0n, 2n);
    assert.equal(available(), before - 1);
  }),
];
