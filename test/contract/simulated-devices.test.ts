import { describe, expect, test } from 'vitest';
import type { HostModel, PciDeviceFacts } from '../../src/host/model.ts';
import { call } from '../../src/kernel/call.ts';
import { decode, encode } from '../../src/kernel/uapi/codec.ts';
import { IOCTLS } from '../../src/kernel/uapi/ioctls.ts';
import { Bench, fails, PAGE } from './bench.ts';
import { HOST, simulatedFixture } from './simulated-host.ts';

const TOKEN = '00112233-4455-6677-8899-aabbccddeeff';
const MDEV = 'c7a6b0f1-0000-4000-8000-000000000001';

const benchOn = (model: HostModel): Bench => new Bench(simulatedFixture(model));

describe('interrupts that are not isolated', () => {
  const model = (...modules: readonly string[]): HostModel => ({
    ...HOST,
    iommus: HOST.iommus.map((iommu) => ({ ...iommu, isolatedMsi: false })),
    modules: Object.fromEntries(modules.map((name) => [name, { parameters: { allow_unsafe_interrupts: 'Y' } }])),
  });

  test('type1 refuses at SET_IOMMU with EPERM, unless its own module allows it', () => {
    fails('EPERM', () => benchOn(model('iommufd')).type1());
    benchOn(model('vfio_iommu_type1')).type1();
  });

  test('an iommufd refuses at BIND with EPERM, unless its own module allows it', () => {
    fails('EPERM', () => benchOn(model('vfio_iommu_type1')).attached());
    benchOn(model('iommufd')).attached();
  });
});

describe('groups that cannot be owned', () => {
  test('a firmware 1:1 map is EINVAL at the claim, a relaxable one is not minded', () => {
    const withRegion = (type: 'direct' | 'direct-relaxable'): HostModel => ({
      ...HOST,
      groups: HOST.groups.map((group) => ({ ...group, reserved: [{ start: '0x1000', end: '0x1fff', type }] })),
    });
    fails('EINVAL', () => benchOn(withRegion('direct')).type1());
    fails('EINVAL', () => benchOn(withRegion('direct')).attached());
    const bench = benchOn(withRegion('direct-relaxable'));
    bench.mapType1(bench.type1().container, 0x1000n, 1n);
  });

  test('a bridge on pcieport does not count', () => {
    const bridge: PciDeviceFacts = {
      address: '0000:00:01.0',
      vendor: '8086',
      device: '1901',
      class: '060400',
      driver: 'pcieport',
      group: 1,
      resetMethods: [],
      cdev: null,
    };
    benchOn({ ...HOST, devices: [...HOST.devices, bridge] }).attached();
  });
});

describe('virtual functions', () => {
  const [first, second, ...rest] = HOST.devices;
  if (first === undefined || second === undefined) throw new Error('the host has no devices');
  const model: HostModel = { ...HOST, devices: [{ ...first, physicalFunction: second.address }, second, ...rest] };

  test('one whose physical function is on vfio-pci needs the token that was set there', () => {
    const bench = benchOn(model);
    const { other } = bench.fixture;
    const { group } = bench.type1();
    fails('EACCES', () => bench.deviceFd(group));
    const physical = bench.group(other);
    call(bench.kernel, physical, 'VFIO_GROUP_SET_CONTAINER', 3);
    bench.own(call(bench.kernel, physical, 'VFIO_GROUP_GET_DEVICE_FD', `${second.address} vf_token=${TOKEN}`).result);
    fails('EACCES', () =>
      call(bench.kernel, group, 'VFIO_GROUP_GET_DEVICE_FD', `${first.address} vf_token=${TOKEN.replace('0', '1')}`),
    );
    bench.own(call(bench.kernel, group, 'VFIO_GROUP_GET_DEVICE_FD', `${first.address} vf_token=${TOKEN}`).result);
  });

  test('one whose physical function has a host driver needs none', () => {
    const hosted = model.devices.map((device) => (device === second ? { ...second, driver: 'i40e', cdev: null } : device));
    const bench = benchOn({ ...model, devices: hosted });
    bench.deviceFd(bench.type1().group);
  });
});

describe('mediated devices', () => {
  const model: HostModel = {
    ...HOST,
    groups: [...HOST.groups, { id: 20, iommu: 'unknown', type: 'unknown', reserved: [] }],
    mediatedDevices: [
      { uuid: MDEV, parent: 'mtty', type: 'mtty-1', deviceApi: 'vfio-pci', group: 20, cdev: { name: 'vfio9', device: '511:9' } },
    ],
  };

  test('one has an access object, attaches to an IOAS and to nothing else', () => {
    const fixture = simulatedFixture(model);
    const bench = new Bench(fixture);
    const iommufd = bench.iommufd();
    const cdev = bench.open('/dev/vfio/devices/vfio9');
    const { out_devid: dev_id } = call(bench.kernel, cdev, 'VFIO_DEVICE_BIND_IOMMUFD', { iommufd });
    const pt_id = bench.ioas(iommufd);
    fails('ENOENT', () => call(bench.kernel, iommufd, 'IOMMU_GET_HW_INFO', { dev_id }));
    fails('ENOENT', () => call(bench.kernel, iommufd, 'IOMMU_HWPT_ALLOC', { dev_id, pt_id }));
    fails('ENOENT', () => call(bench.kernel, cdev, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', { pt_id: dev_id }));
    bench.mapIoas(iommufd, pt_id, 0xfee0_0000n, 1n);
    expect(call(bench.kernel, cdev, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', { pt_id }).pt_id).toBe(pt_id);
    expect(fixture.kernel.memlockUsage().pinned).toBe(0n);
    expect(fixture.kernel.dmaWrite(MDEV, 0xfee0_0000n, new Uint8Array([1]))).toBe(true);
    bench.closeAll();
    expect(fixture.kernel.leftovers()).toEqual([]);
  });

  test('a container of mediated devices alone checks and pins nothing, until a physical one comes', () => {
    const bench = benchOn(model);
    const container = bench.container();
    const group = bench.open('/dev/vfio/20');
    call(bench.kernel, group, 'VFIO_GROUP_SET_CONTAINER', container);
    call(bench.kernel, container, 'VFIO_SET_IOMMU', 3);
    bench.mapType1(container, 0xfee0_0000n, 1n, 0xdead_0000n);
    const physical = bench.group();
    fails('EINVAL', () => call(bench.kernel, physical, 'VFIO_GROUP_SET_CONTAINER', container));
    bench.unmapType1(container, 0xfee0_0000n, PAGE);
    call(bench.kernel, physical, 'VFIO_GROUP_SET_CONTAINER', container);
  });
});

describe('hot reset', () => {
  const info = (bench: Bench, device: number, argsz: number): Uint8Array => {
    const bytes = encode('vfio_pci_hot_reset_info', {}, { trailing: argsz - 12 });
    bench.kernel.ioctl(device, IOCTLS.VFIO_DEVICE_GET_PCI_HOT_RESET_INFO.number, bytes);
    return bytes;
  };

  test('too little room is ENOSPC with the count; with room every affected device is named', () => {
    const bench = benchOn(HOST);
    const [one] = bench.fixture.siblings ?? [];
    const { cdev, devid } = bench.bound(bench.iommufd(), one);
    const bytes = encode('vfio_pci_hot_reset_info');
    fails('ENOSPC', () => bench.kernel.ioctl(cdev, IOCTLS.VFIO_DEVICE_GET_PCI_HOT_RESET_INFO.number, bytes));
    expect(decode('vfio_pci_hot_reset_info', bytes).count).toBe(2);
    const full = info(bench, cdev, 28);
    expect(decode('vfio_pci_hot_reset_info', full).flags).toBe(3);
    // The sibling is not bound, but its group is held by the same iommufd.
    expect([12, 20].map((offset) => decode('vfio_pci_dependent_device', full, offset))).toMatchObject([
      { devid, bus: 3, devfn: 0 },
      { devid: 0, bus: 3, devfn: 1 },
    ]);
  });

  test('by a cdev it takes no groups, by a group it takes one at least; then all on the bus are reset', () => {
    const fixture = simulatedFixture(HOST);
    const bench = new Bench(fixture);
    const [one, two] = fixture.siblings ?? [];
    const { cdev } = bench.bound(bench.iommufd(), one);
    fails('EINVAL', () => call(bench.kernel, cdev, 'VFIO_DEVICE_PCI_HOT_RESET', { count: 1 }));
    call(bench.kernel, cdev, 'VFIO_DEVICE_PCI_HOT_RESET');
    expect([one, two].map((device) => fixture.kernel.resetCount(device?.address ?? ''))).toEqual([1, 1]);
    const viaGroup = bench.deviceFd(bench.type1().group);
    fails('EINVAL', () => call(bench.kernel, viaGroup, 'VFIO_DEVICE_PCI_HOT_RESET'));
  });
});
