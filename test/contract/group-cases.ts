import assert from 'node:assert/strict';
import { call } from '../../src/kernel/call.ts';
import { encode } from '../../src/kernel/uapi/codec.ts';
import { GROUP_FLAGS } from '../../src/kernel/uapi/constants.ts';
import { IOCTLS } from '../../src/kernel/uapi/ioctls.ts';
import { contractCase, fails, int32 } from './bench.ts';
import type { ContractCase } from './fixture.ts';

const { VFIO_GROUP_GET_DEVICE_FD, VFIO_GROUP_GET_STATUS, VFIO_GROUP_SET_CONTAINER } = IOCTLS;

/** /dev/vfio/N (drivers/vfio/group.c). */
export const GROUP_CASES: readonly ContractCase[] = [
  contractCase('group: a second open is EBUSY, and possible again after close', [], (bench) => {
    const first = bench.group();
    fails('EBUSY', () => bench.group());
    bench.close(first);
    bench.group();
  }),
  contractCase('group: a fresh one is viable and has no container', [], (bench) => {
    assert.equal(call(bench.kernel, bench.group(), 'VFIO_GROUP_GET_STATUS').flags, GROUP_FLAGS.VIABLE);
  }),
  contractCase('group: with a container the status says so', ['type1'], (bench) => {
    const { group } = bench.type1();
    assert.equal(call(bench.kernel, group, 'VFIO_GROUP_GET_STATUS').flags, GROUP_FLAGS.VIABLE | GROUP_FLAGS.CONTAINER_SET);
  }),
  contractCase('group: one with a host driver in it is not viable', ['blocked'], (bench) => {
    assert.equal(call(bench.kernel, bench.group(bench.fixture.blocked), 'VFIO_GROUP_GET_STATUS').flags, 0);
  }),
  contractCase('group: one that is not viable is refused by a native container with EPERM', ['blocked', 'type1'], (bench) => {
    const group = bench.group(bench.fixture.blocked);
    const container = bench.container();
    fails('EPERM', () => call(bench.kernel, group, 'VFIO_GROUP_SET_CONTAINER', container));
    assert.equal(call(bench.kernel, group, 'VFIO_GROUP_GET_STATUS').flags, 0);
  }),
  contractCase(
    'group: on an iommufd the status of one that is not viable lies, and GET_DEVICE_FD is EPERM',
    ['blocked', 'iommufd'],
    (bench) => {
      const { blocked } = bench.fixture;
      assert.ok(blocked !== undefined);
      const group = bench.group(blocked);
      call(bench.kernel, group, 'VFIO_GROUP_SET_CONTAINER', bench.iommufd());
      assert.equal(call(bench.kernel, group, 'VFIO_GROUP_GET_STATUS').flags, GROUP_FLAGS.VIABLE | GROUP_FLAGS.CONTAINER_SET);
      fails('EPERM', () => call(bench.kernel, group, 'VFIO_GROUP_GET_DEVICE_FD', blocked.address));
    },
  ),
  contractCase('group: GET_STATUS with a short argsz is EINVAL', [], (bench) => {
    const bytes = encode('vfio_group_status', { argsz: 7 });
    fails('EINVAL', () => bench.kernel.ioctl(bench.group(), VFIO_GROUP_GET_STATUS.number, bytes));
  }),
  contractCase('group: SET_CONTAINER with a closed fd is EBADF', [], (bench) => {
    const group = bench.group();
    fails('EBADF', () => bench.kernel.ioctl(group, VFIO_GROUP_SET_CONTAINER.number, int32(999_999)));
    fails('EBADF', () => bench.kernel.ioctl(group, VFIO_GROUP_SET_CONTAINER.number, int32(-1)));
  }),
  contractCase('group: SET_CONTAINER with an fd of another kind is EBADFD', [], (bench) => {
    const group = bench.group();
    fails('EBADFD', () => call(bench.kernel, group, 'VFIO_GROUP_SET_CONTAINER', bench.open('/dev/null')));
    fails('EBADFD', () => call(bench.kernel, group, 'VFIO_GROUP_SET_CONTAINER', group));
  }),
  contractCase('group: SET_CONTAINER twice is EINVAL', ['type1'], (bench) => {
    const container = bench.container();
    const group = bench.group();
    call(bench.kernel, group, 'VFIO_GROUP_SET_CONTAINER', container);
    fails('EINVAL', () => call(bench.kernel, group, 'VFIO_GROUP_SET_CONTAINER', container));
    fails('EINVAL', () => call(bench.kernel, group, 'VFIO_GROUP_SET_CONTAINER', bench.container()));
  }),
  contractCase('group: UNSET_CONTAINER without a container is EINVAL', [], (bench) => {
    const group = bench.group();
    fails('EINVAL', () => call(bench.kernel, group, 'VFIO_GROUP_UNSET_CONTAINER'));
  }),
  contractCase('group: UNSET_CONTAINER while a device is open is EBUSY', ['type1'], (bench) => {
    const { group } = bench.type1();
    const device = bench.deviceFd(group);
    fails('EBUSY', () => call(bench.kernel, group, 'VFIO_GROUP_UNSET_CONTAINER'));
    bench.close(device);
    call(bench.kernel, group, 'VFIO_GROUP_UNSET_CONTAINER');
  }),
  contractCase('group: GET_DEVICE_FD of an unknown name is ENODEV, even without a container', [], (bench) => {
    const group = bench.group();
    fails('ENODEV', () => call(bench.kernel, group, 'VFIO_GROUP_GET_DEVICE_FD', 'ffff:ff:1f.7'));
    fails('ENODEV', () => call(bench.kernel, group, 'VFIO_GROUP_GET_DEVICE_FD', ''));
  }),
  contractCase('group: GET_DEVICE_FD without a container is EINVAL', [], (bench) => {
    const group = bench.group();
    fails('EINVAL', () => call(bench.kernel, group, 'VFIO_GROUP_GET_DEVICE_FD', bench.fixture.device.address));
  }),
  contractCase('group: GET_DEVICE_FD before SET_IOMMU is EINVAL', ['type1'], (bench) => {
    const group = bench.group();
    call(bench.kernel, group, 'VFIO_GROUP_SET_CONTAINER', bench.container());
    fails('EINVAL', () => call(bench.kernel, group, 'VFIO_GROUP_GET_DEVICE_FD', bench.fixture.device.address));
  }),
  contractCase('group: GET_DEVICE_FD with a name of a page or more is EINVAL', [], (bench) => {
    const name = new Uint8Array(4097).fill(0x30);
    fails('EINVAL', () => bench.kernel.ioctl(bench.group(), VFIO_GROUP_GET_DEVICE_FD.number, name));
  }),
  contractCase('group: a VF token for a device that is no VF is EINVAL', ['type1'], (bench) => {
    const { group } = bench.type1();
    const name = `${bench.fixture.device.address} vf_token=00112233-4455-6677-8899-aabbccddeeff`;
    fails('EINVAL', () => call(bench.kernel, group, 'VFIO_GROUP_GET_DEVICE_FD', name));
  }),
  contractCase('group: one device can be had by several fds', ['type1'], (bench) => {
    const { group } = bench.type1();
    assert.notEqual(bench.deviceFd(group), bench.deviceFd(group));
  }),
  contractCase('group: an open device keeps the group in use after its fd is closed', ['type1'], (bench) => {
    const { container, group } = bench.type1();
    const device = bench.deviceFd(group);
    bench.close(group);
    fails('EBUSY', () => bench.group());
    bench.mapType1(container, 0n, 1n);
    bench.close(device);
    bench.group();
  }),
  contractCase('group: an unknown ioctl is ENOTTY', [], (bench) => {
    fails('ENOTTY', () => bench.kernel.ioctl(bench.group(), 0x3bff, 0));
  }),
  contractCase('group: both devices of a group come through its one fd', ['siblings', 'type1'], (bench) => {
    const [one, two] = bench.fixture.siblings ?? [];
    assert.ok(one !== undefined && two !== undefined);
    const container = bench.container();
    const group = bench.group(one);
    call(bench.kernel, group, 'VFIO_GROUP_SET_CONTAINER', container);
    call(bench.kernel, container, 'VFIO_SET_IOMMU', 3);
    bench.deviceFd(group, one);
    bench.deviceFd(group, two);
    fails('EBUSY', () => bench.group(two));
  }),
];
