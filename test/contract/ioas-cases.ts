import assert from 'node:assert/strict';
import { call } from '../../src/kernel/call.ts';
import { decode, encode, type StructValues } from '../../src/kernel/uapi/codec.ts';
import { IOMMU_OPTION_ID, IOMMU_OPTION_OP, VFIO_IOAS_OP } from '../../src/kernel/uapi/constants.ts';
import { IOCTLS, type IoctlName } from '../../src/kernel/uapi/ioctls.ts';
import { contractCase, fails, PAGE, U64_MAX, type Bench } from './bench.ts';
import type { ContractCase } from './fixture.ts';

interface IovaRanges {
  readonly ranges: readonly StructValues<'iommu_iova_range'>[];
  readonly alignment: bigint;
}

const ROOM = 16;

const iovaRanges = ({ kernel }: Bench, iommufd: number, ioas_id: number): IovaRanges => {
  const { address, bytes } = kernel.allocate(ROOM * 16);
  const { num_iovas, out_iova_alignment } = call(kernel, iommufd, 'IOMMU_IOAS_IOVA_RANGES', {
    ioas_id,
    num_iovas: ROOM,
    allowed_iovas: address,
  });
  const ranges = Array.from({ length: num_iovas }, (_, index) => decode('iommu_iova_range', bytes, 16 * index));
  return { ranges, alignment: out_iova_alignment };
};

const allow = ({ kernel }: Bench, iommufd: number, ioas_id: number, ranges: readonly StructValues<'iommu_iova_range'>[]): void => {
  const { address, bytes } = kernel.allocate(Math.max(16, 16 * ranges.length));
  for (const [index, range] of ranges.entries()) bytes.set(encode('iommu_iova_range', range), 16 * index);
  call(kernel, iommufd, 'IOMMU_IOAS_ALLOW_IOVAS', { ioas_id, num_iovas: ranges.length, allowed_iovas: address });
  // Memory of `allocate` lives as long as its bytes are in use: here until the kernel has read them, and it changes none.
  assert.deepEqual(decode('iommu_iova_range', bytes), ranges[0] ?? { start: 0n, last: 0n });
};

/** Every extensible ioctl of an iommufd and the least size it takes. */
const SIZES = [
  ['IOMMU_DESTROY', 'iommu_destroy'],
  ['IOMMU_IOAS_ALLOC', 'iommu_ioas_alloc'],
  ['IOMMU_IOAS_IOVA_RANGES', 'iommu_ioas_iova_ranges'],
  ['IOMMU_IOAS_MAP', 'iommu_ioas_map'],
  ['IOMMU_IOAS_UNMAP', 'iommu_ioas_unmap'],
  ['IOMMU_OPTION', 'iommu_option'],
  ['IOMMU_VFIO_IOAS', 'iommu_vfio_ioas'],
] as const satisfies readonly (readonly [IoctlName, string])[];

/** Objects of an iommufd and their ids, sizes of structs, options (drivers/iommu/iommufd/main.c, ioas.c). */
export const IOAS_CASES: readonly ContractCase[] = [
  ...SIZES.map(([name, struct]) =>
    contractCase(`iommufd: ${name} takes no struct that is too short, and no tail that is not zero`, ['iommufd'], (bench) => {
      const iommufd = bench.iommufd();
      const { number } = IOCTLS[name];
      const short = encode(struct, { size: 3 });
      fails('EINVAL', () => bench.kernel.ioctl(iommufd, number, short));
      const long = encode(struct, {}, { trailing: 8 });
      long[long.length - 1] = 1;
      fails('E2BIG', () => bench.kernel.ioctl(iommufd, number, long));
    }),
  ),
  contractCase('iommufd: a longer struct is fine when its tail is zero', ['iommufd'], (bench) => {
    const bytes = encode('iommu_ioas_alloc', {}, { trailing: 16 });
    assert.equal(bench.kernel.ioctl(bench.iommufd(), IOCTLS.IOMMU_IOAS_ALLOC.number, bytes), 0);
    assert.equal(decode('iommu_ioas_alloc', bytes).out_ioas_id, 1);
  }),
  contractCase('iommufd: an unknown ioctl is ENOTTY', ['iommufd'], (bench) => {
    fails('ENOTTY', () => bench.kernel.ioctl(bench.iommufd(), 0x3bff, encode('iommu_destroy', {})));
  }),
  contractCase('iommufd: ids begin at 1, are shared by all kinds of object, and are used again at once', ['cdev'], (bench) => {
    const iommufd = bench.iommufd();
    assert.deepEqual([bench.ioas(iommufd), bench.ioas(iommufd)], [1, 2]);
    call(bench.kernel, iommufd, 'IOMMU_DESTROY', { id: 1 });
    assert.equal(bench.bound(iommufd).devid, 1);
    assert.equal(bench.ioas(iommufd), 3);
  }),
  contractCase('iommufd: DESTROY of an absent id is ENOENT', ['iommufd'], (bench) => {
    const iommufd = bench.iommufd();
    fails('ENOENT', () => call(bench.kernel, iommufd, 'IOMMU_DESTROY', { id: 1 }));
    fails('ENOENT', () => call(bench.kernel, iommufd, 'IOMMU_DESTROY', { id: 0 }));
  }),
  contractCase('iommufd: DESTROY of an attached IOAS and of its page table is EBUSY', ['cdev'], (bench) => {
    const { iommufd, ioas, hwpt } = bench.attached();
    fails('EBUSY', () => call(bench.kernel, iommufd, 'IOMMU_DESTROY', { id: ioas }));
    fails('EBUSY', () => call(bench.kernel, iommufd, 'IOMMU_DESTROY', { id: hwpt }));
  }),
  contractCase('iommufd: DESTROY of an IOAS drops its maps', ['iommufd'], (bench) => {
    const iommufd = bench.iommufd();
    const ioas = bench.ioas(iommufd);
    bench.mapIoas(iommufd, ioas, 0n, 1n);
    call(bench.kernel, iommufd, 'IOMMU_DESTROY', { id: ioas });
    const fresh = bench.ioas(iommufd);
    fails('ENOENT', () => bench.unmapIoas(iommufd, fresh, 0n, PAGE));
  }),
  contractCase('ioas: IOAS_ALLOC with flags is EOPNOTSUPP', ['iommufd'], (bench) => {
    fails('EOPNOTSUPP', () => call(bench.kernel, bench.iommufd(), 'IOMMU_IOAS_ALLOC', { flags: 1 }));
  }),
  contractCase('ioas: a fresh one can map everything, at any byte', ['iommufd'], (bench) => {
    const iommufd = bench.iommufd();
    const { ranges, alignment } = iovaRanges(bench, iommufd, bench.ioas(iommufd));
    assert.deepEqual(ranges, [{ start: 0n, last: U64_MAX }]);
    assert.equal(alignment, 1n);
  }),
  contractCase('ioas: a device takes its reserved ranges out, and gives them back', ['cdev'], (bench) => {
    const { iommufd, ioas, cdev } = bench.attached();
    const { ranges, alignment } = iovaRanges(bench, iommufd, ioas);
    assert.equal(alignment, PAGE);
    assert.equal(ranges[0]?.start, 0n);
    const { reservedIova } = bench.fixture;
    assert.ok(!ranges.some(({ start, last }) => start <= reservedIova && reservedIova <= last));
    call(bench.kernel, cdev, 'VFIO_DEVICE_DETACH_IOMMUFD_PT');
    assert.deepEqual(iovaRanges(bench, iommufd, ioas).ranges, [{ start: 0n, last: U64_MAX }]);
  }),
  contractCase('ioas: IOVA_RANGES without room is EMSGSIZE and says how much it needs', ['iommufd'], (bench) => {
    const iommufd = bench.iommufd();
    const bytes = encode('iommu_ioas_iova_ranges', { ioas_id: bench.ioas(iommufd) });
    fails('EMSGSIZE', () => bench.kernel.ioctl(iommufd, IOCTLS.IOMMU_IOAS_IOVA_RANGES.number, bytes));
    assert.equal(decode('iommu_ioas_iova_ranges', bytes).num_iovas, 1);
  }),
  contractCase('ioas: IOVA_RANGES of an absent IOAS is ENOENT, with reserved bits EOPNOTSUPP', ['iommufd'], (bench) => {
    const iommufd = bench.iommufd();
    fails('ENOENT', () => call(bench.kernel, iommufd, 'IOMMU_IOAS_IOVA_RANGES', { ioas_id: 9 }));
    fails('EOPNOTSUPP', () => call(bench.kernel, iommufd, 'IOMMU_IOAS_IOVA_RANGES', { ioas_id: 9, __reserved: 1 }));
  }),
  contractCase('ioas: ALLOW_IOVAS refuses ranges that are empty or overlap', ['iommufd'], (bench) => {
    const iommufd = bench.iommufd();
    const ioas = bench.ioas(iommufd);
    fails('EINVAL', () => allow(bench, iommufd, ioas, [{ start: PAGE, last: PAGE }]));
    fails('EINVAL', () => allow(bench, iommufd, ioas, [{ start: 2n * PAGE, last: PAGE }]));
    const overlapping = [
      { start: 0n, last: 2n * PAGE - 1n },
      { start: PAGE, last: 3n * PAGE - 1n },
    ];
    fails('EINVAL', () => allow(bench, iommufd, ioas, overlapping));
    allow(bench, iommufd, ioas, []);
  }),
  contractCase('ioas: ALLOW_IOVAS over what a device reserves is EADDRINUSE, in either order', ['cdev'], (bench) => {
    const { iommufd, ioas, cdev } = bench.attached();
    const { reservedIova } = bench.fixture;
    const promise = [{ start: reservedIova, last: reservedIova + PAGE - 1n }];
    fails('EADDRINUSE', () => allow(bench, iommufd, ioas, promise));
    const second = bench.ioas(iommufd);
    allow(bench, iommufd, second, promise);
    fails('EADDRINUSE', () => call(bench.kernel, cdev, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', { pt_id: second }));
  }),
  contractCase('option: RLIMIT_MODE of /dev/iommu is 0', ['iommufd'], (bench) => {
    const { GET } = IOMMU_OPTION_OP;
    const { val64 } = call(bench.kernel, bench.iommufd(), 'IOMMU_OPTION', {
      option_id: IOMMU_OPTION_ID.RLIMIT_MODE,
      op: GET,
      val64: 7n,
    });
    assert.equal(val64, 0n);
  }),
  contractCase('option: an unknown id, reserved bits or an object for RLIMIT_MODE is EOPNOTSUPP', ['iommufd'], (bench) => {
    const iommufd = bench.iommufd();
    const op = IOMMU_OPTION_OP.GET;
    fails('EOPNOTSUPP', () => call(bench.kernel, iommufd, 'IOMMU_OPTION', { option_id: 99, op }));
    fails('EOPNOTSUPP', () => call(bench.kernel, iommufd, 'IOMMU_OPTION', { op, __reserved: 1 }));
    fails('EOPNOTSUPP', () => call(bench.kernel, iommufd, 'IOMMU_OPTION', { op, object_id: 1 }));
  }),
  contractCase('option: RLIMIT_MODE can be set while there is no object', ['rlimit-mode'], (bench) => {
    const iommufd = bench.iommufd();
    fails('EINVAL', () => call(bench.kernel, iommufd, 'IOMMU_OPTION', { val64: 2n }));
    call(bench.kernel, iommufd, 'IOMMU_OPTION', { val64: 1n });
    assert.equal(call(bench.kernel, iommufd, 'IOMMU_OPTION', { op: IOMMU_OPTION_OP.GET }).val64, 1n);
    bench.ioas(iommufd);
    fails('EBUSY', () => call(bench.kernel, iommufd, 'IOMMU_OPTION', { val64: 0n }));
  }),
  contractCase('option: HUGE_PAGES is of an IOAS, on at first, and can be switched', ['iommufd'], (bench) => {
    const iommufd = bench.iommufd();
    const option = { option_id: IOMMU_OPTION_ID.HUGE_PAGES, object_id: bench.ioas(iommufd) };
    assert.equal(call(bench.kernel, iommufd, 'IOMMU_OPTION', { ...option, op: IOMMU_OPTION_OP.GET }).val64, 1n);
    call(bench.kernel, iommufd, 'IOMMU_OPTION', { ...option, val64: 0n });
    assert.equal(call(bench.kernel, iommufd, 'IOMMU_OPTION', { ...option, op: IOMMU_OPTION_OP.GET }).val64, 0n);
    fails('EINVAL', () => call(bench.kernel, iommufd, 'IOMMU_OPTION', { ...option, val64: 2n }));
    fails('ENOENT', () => call(bench.kernel, iommufd, 'IOMMU_OPTION', { ...option, object_id: 9 }));
  }),
  contractCase('vfio ioas: GET is ENODEV until one is set, and again after it is destroyed', ['iommufd'], (bench) => {
    const iommufd = bench.iommufd();
    const get = (): number => call(bench.kernel, iommufd, 'IOMMU_VFIO_IOAS', { op: VFIO_IOAS_OP.GET }).ioas_id;
    fails('ENODEV', get);
    fails('ENOENT', () => call(bench.kernel, iommufd, 'IOMMU_VFIO_IOAS', { op: VFIO_IOAS_OP.SET, ioas_id: 5 }));
    const ioas_id = bench.ioas(iommufd);
    call(bench.kernel, iommufd, 'IOMMU_VFIO_IOAS', { op: VFIO_IOAS_OP.SET, ioas_id });
    assert.equal(get(), ioas_id);
    call(bench.kernel, iommufd, 'IOMMU_DESTROY', { id: ioas_id });
    fails('ENODEV', get);
    call(bench.kernel, iommufd, 'IOMMU_VFIO_IOAS', { op: VFIO_IOAS_OP.CLEAR });
    fails('EOPNOTSUPP', () => call(bench.kernel, iommufd, 'IOMMU_VFIO_IOAS', { op: 3 }));
  }),
];
