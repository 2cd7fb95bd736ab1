import { describe, expect, it } from 'vitest';
import { canOpen } from '../../src/host/can-open.ts';
import { isKernelAtLeast } from '../../src/host/kernel-release.ts';
import type { NodeFacts, PciDeviceFacts, ProcessFacts } from '../../src/host/model.ts';
import {
  blocksViability,
  findDevice,
  groupMembers,
  iommuOfGroup,
  isVfioDriver,
  nodeOf,
  viabilityBlockers,
} from '../../src/host/query.ts';
import { resetDomain } from '../../src/host/reset-domain.ts';
import { device, group, hostModel, node, unprivileged } from './models.ts';

describe('look-ups', () => {
  const second = device({ address: '0000:01:00.1' });
  const elsewhere = device({ address: '0000:02:00.0', group: 2 });
  const model = hostModel({ groups: [group(), group({ id: 2, iommu: 'unknown' })], devices: [device(), second, elsewhere] });

  it('findDevice finds by full address only', () => {
    expect(findDevice(model, '0000:01:00.1')).toBe(second);
    expect(findDevice(model, '01:00.1')).toBeUndefined();
  });

  it('groupMembers keeps the order of the model', () => {
    expect(groupMembers(model, 1)).toEqual([device(), second]);
    expect(groupMembers(model, 9)).toEqual([]);
  });

  it('iommuOfGroup is undefined for an unknown IOMMU and an unknown group', () => {
    expect(iommuOfGroup(model, 1)?.name).toBe('dmar0');
    expect(iommuOfGroup(model, 2)).toBeUndefined();
    expect(iommuOfGroup(model, 9)).toBeUndefined();
  });

  it('nodeOf does not find what objects inherit', () => {
    expect(nodeOf({}, 'constructor')).toBeUndefined();
    expect(nodeOf({ '/dev/iommu': node() }, '/dev/iommu')).toEqual(node());
  });
});

describe('isVfioDriver', () => {
  it.each(['vfio-pci', 'mlx5_vfio_pci', 'nvgrace_gpu_vfio_pci', 'vfio-platform', 'vfio_ap', 'xe-vfio-pci'])('yes: %s', (driver) => {
    expect(isVfioDriver(driver)).toBe(true);
  });

  it.each(['nvidia', 'pci-stub', 'pcieport', 'notvfio', 'vfiox', '', null])('no: %s', (driver) => {
    expect(isVfioDriver(driver)).toBe(false);
  });
});

describe('blocksViability', () => {
  it.each<[string, boolean, Partial<PciDeviceFacts>]>([
    ['a host driver', true, { driver: 'nvme' }],
    ['a bridge driver on something that is no bridge', false, { driver: 'pcieport' }],
    ['pci-stub', false, { driver: 'pci-stub' }],
    ['pci-pf-stub, which does not leave DMA alone', true, { driver: 'pci-pf-stub' }],
    ['no driver', false, { driver: null }],
    ['vfio-pci', false, { driver: 'vfio-pci' }],
    ['a bridge with any driver', false, { driver: 'shpchp', class: '060400' }],
    ['a host bridge with a driver', true, { driver: 'agpgart-intel', class: '060000' }],
    ["a vendor's driver that made a cdev", false, { driver: 'nvidia', cdev: { name: 'vfio0', device: '511:0' } }],
  ])('%s: %s', (_, expected, changes) => {
    expect(blocksViability(device(changes))).toBe(expected);
  });

  it('viabilityBlockers names the guilty members only', () => {
    const bound = device({ address: '0000:01:00.1', driver: 'vfio-pci' });
    expect(viabilityBlockers(hostModel({ devices: [device(), bound] }), 1)).toEqual([device()]);
  });
});

describe('canOpen', () => {
  const reason = 'mode 0660, owner 0:0; this process is uid 1000 with groups 1000';

  it.each<[string, boolean, Partial<NodeFacts>, Partial<ProcessFacts>]>([
    ['its owner, with rw for the owner', true, { uid: 1000 }, {}],
    ['its owner, with rw for others only', false, { uid: 1000, mode: '0066' }, {}],
    ['a member by primary group', true, { gid: 1000, mode: '0660' }, {}],
    ['a member by supplementary group', true, { gid: 27, mode: '0660' }, { groups: [1000, 27] }],
    ['a member, with rw for others only', false, { gid: 27, mode: '0606' }, { groups: [27] }],
    ['anybody, with rw for all', true, { mode: '0666' }, {}],
    ['anybody, with r for all', false, { mode: '0664' }, {}],
    ['root, which owns it', true, {}, { uid: 0 }],
    ['root without capability on the file of another', false, { uid: 1000 }, { uid: 0 }],
    ['CAP_DAC_OVERRIDE', true, { uid: 5, mode: '0000' }, { capabilities: ['CAP_DAC_OVERRIDE'] }],
    ['CAP_DAC_READ_SEARCH, which does not write', false, {}, { capabilities: ['CAP_DAC_READ_SEARCH'] }],
  ])('%s: %s', (_, allowed, nodeChanges, processChanges) => {
    expect(canOpen(node(nodeChanges), unprivileged(processChanges)).allowed).toBe(allowed);
  });

  it('says mode, owner and who asks', () => {
    expect(canOpen(node({ mode: '0660' }), unprivileged())).toEqual({ allowed: false, reason });
  });
});

describe('resetDomain', () => {
  const addresses = (devices: readonly PciDeviceFacts[]): string[] => devices.map(({ address }) => address);
  const physical = device({ address: '0000:01:00.0', bridge: '0000:00:01.0' });
  const vf = (address: string): PciDeviceFacts => device({ address, bridge: '0000:00:01.0', physicalFunction: '0000:01:00.0' });
  const devices = [physical, vf('0000:01:10.0'), vf('0000:01:10.1'), device({ address: '0000:00:14.0', bridge: null })];

  it.each<[string, number, string[]]>([
    ['6.12.0', 1, ['0000:01:00.0', '0000:01:10.0', '0000:01:10.1']],
    ['6.17.0', 1, ['0000:01:10.0']],
    ['6.17.0', 0, ['0000:01:00.0']],
    ['6.17.0', 3, ['0000:00:14.0']],
  ])('on %s, of device %i: %j', (release, index, expected) => {
    const model = hostModel({ devices, kernel: { ...hostModel().kernel, release } });
    expect(addresses(resetDomain(model, devices[index] ?? physical))).toEqual(expected);
  });

  it('takes bus 00 for a root bus when nothing is known of bridges', () => {
    const model = hostModel({
      devices: ['0000:00:02.0', '0000:00:03.0', '0000:05:00.0', '0000:05:00.1'].map((address) => device({ address })),
    });
    expect(model.devices.map((entry) => resetDomain(model, entry).length)).toEqual([1, 1, 2, 2]);
  });
});

describe('isKernelAtLeast', () => {
  it.each<[string, number, number, boolean]>([
    ['6.12.95+deb13-amd64', 6, 12, true],
    ['6.12.95+deb13-amd64', 6, 13, false],
    ['6.9.0', 6, 12, false],
    ['7.0', 6, 17, true],
    ['5.15', 6, 2, false],
    ['linux', 1, 0, false],
  ])('%s at least %i.%i: %s', (release, major, minor, expected) => {
    expect(isKernelAtLeast(release, major, minor)).toBe(expected);
  });
});
