import assert from 'node:assert/strict';
import { isKernelAtLeast } from '../../src/host/kernel-release.ts';
import { call } from '../../src/kernel/call.ts';
import { encode } from '../../src/kernel/uapi/codec.ts';
import { IOCTLS } from '../../src/kernel/uapi/ioctls.ts';
import { contractCase, fails } from './bench.ts';
import type { ContractCase } from './fixture.ts';

const { VFIO_DEVICE_ATTACH_IOMMUFD_PT, VFIO_DEVICE_BIND_IOMMUFD, VFIO_DEVICE_DETACH_IOMMUFD_PT } = IOCTLS;

/** /dev/vfio/devices/vfioN: opening and binding (drivers/vfio/device_cdev.c). */
export const CDEV_CASES: readonly ContractCase[] = [
  contractCase('cdev: it can be opened many times, also while the group is open', ['cdev'], (bench) => {
    bench.group();
    bench.cdev();
    bench.cdev();
  }),
  contractCase('cdev: an open one does not keep the group from being opened', ['cdev'], (bench) => {
    bench.cdev();
    bench.group();
  }),
  contractCase('cdev: before a bind every other call is EINVAL', ['cdev'], (bench) => {
    const cdev = bench.cdev();
    fails('EINVAL', () => call(bench.kernel, cdev, 'VFIO_DEVICE_GET_INFO'));
    fails('EINVAL', () => call(bench.kernel, cdev, 'VFIO_DEVICE_RESET'));
    fails('EINVAL', () => call(bench.kernel, cdev, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', { pt_id: 1 }));
    fails('EINVAL', () => bench.kernel.ioctl(cdev, 0x3bff, 0));
    fails('EINVAL', () => bench.kernel.read(cdev, new Uint8Array(4), 7n << 40n));
  }),
  contractCase('cdev: a bind gives an object id and makes the device usable', ['cdev'], (bench) => {
    const { cdev, devid } = bench.bound(bench.iommufd());
    assert.equal(devid, 1);
    assert.equal(call(bench.kernel, cdev, 'VFIO_DEVICE_GET_INFO').num_regions, 9);
  }),
  contractCase('cdev: a second bind of the same fd is EINVAL', ['cdev'], (bench) => {
    const iommufd = bench.iommufd();
    const { cdev } = bench.bound(iommufd);
    fails('EINVAL', () => call(bench.kernel, cdev, 'VFIO_DEVICE_BIND_IOMMUFD', { iommufd }));
  }),
  contractCase('cdev: a bind of a device that is bound by another fd is EINVAL', ['cdev'], (bench) => {
    const iommufd = bench.iommufd();
    bench.bound(iommufd);
    fails('EINVAL', () => bench.bound(iommufd));
  }),
  contractCase('cdev: a bind to a closed fd is EBADF', ['cdev'], (bench) => {
    fails('EBADF', () => call(bench.kernel, bench.cdev(), 'VFIO_DEVICE_BIND_IOMMUFD', { iommufd: 999_999 }));
  }),
  contractCase('cdev: a bind to a negative fd is EINVAL', ['cdev'], (bench) => {
    fails('EINVAL', () => call(bench.kernel, bench.cdev(), 'VFIO_DEVICE_BIND_IOMMUFD', { iommufd: -1 }));
  }),
  contractCase('cdev: a bind to an fd of another kind is EBADFD', ['cdev'], (bench) => {
    const cdev = bench.cdev();
    fails('EBADFD', () => call(bench.kernel, cdev, 'VFIO_DEVICE_BIND_IOMMUFD', { iommufd: bench.open('/dev/null') }));
    fails('EBADFD', () => call(bench.kernel, cdev, 'VFIO_DEVICE_BIND_IOMMUFD', { iommufd: cdev }));
  }),
  contractCase('cdev: a bind to a native container is EBADFD', ['cdev', 'type1'], (bench) => {
    fails('EBADFD', () => call(bench.kernel, bench.cdev(), 'VFIO_DEVICE_BIND_IOMMUFD', { iommufd: bench.container() }));
  }),
  contractCase('cdev: a bind with unknown flags is EINVAL', ['cdev'], (bench) => {
    const iommufd = bench.iommufd();
    fails('EINVAL', () => call(bench.kernel, bench.cdev(), 'VFIO_DEVICE_BIND_IOMMUFD', { iommufd, flags: 2 }));
  }),
  contractCase('cdev: a bind with a short argsz is EINVAL', ['cdev'], (bench) => {
    const bytes = encode('vfio_device_bind_iommufd', { argsz: 15, iommufd: bench.iommufd() });
    fails('EINVAL', () => bench.kernel.ioctl(bench.cdev(), VFIO_DEVICE_BIND_IOMMUFD.number, bytes));
  }),
  contractCase('cdev: a bind with more bytes than the kernel knows is E2BIG from 6.17 on, and fine before', ['cdev'], (bench) => {
    const bytes = encode('vfio_device_bind_iommufd', { iommufd: bench.iommufd() }, { trailing: 8 });
    bytes[bytes.length - 1] = 1;
    const bind = (): number => bench.kernel.ioctl(bench.cdev(), VFIO_DEVICE_BIND_IOMMUFD.number, bytes);
    if (isKernelAtLeast(bench.fixture.release, 6, 17)) fails('E2BIG', bind);
    else assert.equal(bind(), 0);
  }),
  contractCase('cdev: a bind while the group is open is EBUSY, even without a container', ['cdev'], (bench) => {
    const iommufd = bench.iommufd();
    const cdev = bench.cdev();
    const group = bench.group();
    fails('EBUSY', () => call(bench.kernel, cdev, 'VFIO_DEVICE_BIND_IOMMUFD', { iommufd }));
    bench.close(group);
    call(bench.kernel, cdev, 'VFIO_DEVICE_BIND_IOMMUFD', { iommufd });
  }),
  contractCase('cdev: the group cannot be opened while a cdev of it is bound', ['cdev'], (bench) => {
    const { cdev } = bench.bound(bench.iommufd());
    fails('EBUSY', () => bench.group());
    bench.close(cdev);
    bench.group();
  }),
  contractCase('cdev: a bind of a device whose group is not viable is EPERM', ['cdev', 'blocked'], (bench) => {
    const iommufd = bench.iommufd();
    fails('EPERM', () => bench.bound(iommufd, bench.fixture.blocked));
  }),
  contractCase('cdev: two iommufds cannot have devices of one group: EPERM', ['cdev', 'sibling cdevs'], (bench) => {
    const [one, two] = bench.fixture.siblings ?? [];
    bench.bound(bench.iommufd(), one);
    const second = bench.iommufd();
    fails('EPERM', () => bench.bound(second, two));
  }),
  contractCase('cdev: two devices of one group can be bound to one iommufd', ['cdev', 'sibling cdevs'], (bench) => {
    const [one, two] = bench.fixture.siblings ?? [];
    const iommufd = bench.iommufd();
    assert.equal(bench.bound(iommufd, one).devid, 1);
    assert.equal(bench.bound(iommufd, two).devid, 2);
  }),
  contractCase('cdev: the device stays usable after the iommufd is closed', ['cdev'], (bench) => {
    const iommufd = bench.iommufd();
    const { cdev } = bench.bound(iommufd);
    bench.close(iommufd);
    assert.equal(call(bench.kernel, cdev, 'VFIO_DEVICE_GET_INFO').num_irqs, 5);
  }),
  contractCase('cdev: closing a bound one frees its id', ['cdev'], (bench) => {
    const iommufd = bench.iommufd();
    const { cdev, devid } = bench.bound(iommufd);
    fails('EBUSY', () => call(bench.kernel, iommufd, 'IOMMU_DESTROY', { id: devid }));
    bench.close(cdev);
    fails('ENOENT', () => call(bench.kernel, iommufd, 'IOMMU_DESTROY', { id: devid }));
    assert.equal(bench.ioas(iommufd), devid);
  }),
  contractCase('device of a group: a bind is EINVAL, attach and detach are ENOTTY', ['type1'], (bench) => {
    const device = bench.deviceFd(bench.type1().group);
    const bytes = encode('vfio_device_bind_iommufd', { iommufd: 0 });
    fails('EINVAL', () => bench.kernel.ioctl(device, VFIO_DEVICE_BIND_IOMMUFD.number, bytes));
    const attach = encode('vfio_device_attach_iommufd_pt', { pt_id: 1 });
    fails('ENOTTY', () => bench.kernel.ioctl(device, VFIO_DEVICE_ATTACH_IOMMUFD_PT.number, attach));
    const detach = encode('vfio_device_detach_iommufd_pt', {});
    fails('ENOTTY', () => bench.kernel.ioctl(device, VFIO_DEVICE_DETACH_IOMMUFD_PT.number, detach));
  }),
];
