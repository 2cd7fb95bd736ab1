import { existsSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import {
  bindTo,
  bindToVfio,
  cdevOf,
  driverOf,
  groupMembers,
  groupOf,
  pciIds,
  readRoles,
  restoreDriver,
  unbind,
} from '../lib/host-devices.ts';
import { vmLck, vmPin } from '../lib/process-memory.ts';
import { EXPECTED_DEVICES } from '../lib/roles.ts';

const roles = readRoles();

/** Members of the group a device is in. */
const companions = (address: string): readonly string[] => {
  const group = groupOf(address);
  return group === undefined ? [] : groupMembers(group);
};

describe('devices of the guest', () => {
  it.each(EXPECTED_DEVICES)('$role is at $address', ({ address, id }) => {
    expect(pciIds(address)).toBe(id);
  });

  it.each(['/dev/iommu', '/dev/vfio/vfio'])('%s exists', (node) => {
    expect(existsSync(node)).toBe(true);
  });

  it.each(['flrA', 'flrB', 'flrC', 'flrD', 'igb'] as const)('%s has a function-level reset', (role) => {
    expect(readFileSync(`/sys/bus/pci/devices/${roles[role]}/reset_method`, 'utf8')).toMatch(/\bflr\b/);
  });

  it('igb can have virtual functions', () => {
    expect(Number(readFileSync(`/sys/bus/pci/devices/${roles.igb}/sriov_totalvfs`, 'utf8'))).toBeGreaterThan(0);
  });
});

describe('IOMMU groups', () => {
  it.each(['eduA', 'eduB', 'eduSpare', 'flrA', 'flrB', 'flrC', 'flrD', 'e1000e', 'igb'] as const)(
    '%s is alone in its group',
    (role) => {
      expect(companions(roles[role])).toEqual([roles[role]]);
    },
  );

  it.each([
    { name: 'the shared group', members: [roles.sharedBridge, roles.sharedA, roles.sharedB] },
    { name: 'the mixed group', members: [roles.mixedBridge, roles.mixedEdu, roles.mixedRng] },
  ])('$name has two devices and their bridge', ({ members }) => {
    for (const member of members) expect(companions(member)).toEqual(members);
  });

  it('the mixed group is held by a host driver', () => {
    expect(driverOf(roles.mixedRng)).toBe('virtio-pci');
    expect(driverOf(roles.mixedEdu)).toBeUndefined();
  });
});

describe('binding', () => {
  afterEach(() => {
    restoreDriver(roles.eduA);
    restoreDriver(roles.flrA);
  });

  it.each([
    { role: 'eduA', before: undefined },
    { role: 'flrA', before: 'virtio-pci' },
  ] as const)('bindToVfio gives $role a cdev and a group node, restoreDriver takes them away', ({ role, before }) => {
    const address = roles[role];
    expect(driverOf(address)).toBe(before);
    expect(cdevOf(address)).toBeUndefined();

    bindToVfio(address);
    expect(driverOf(address)).toBe('vfio-pci');
    expect(existsSync(cdevOf(address) ?? 'no cdev')).toBe(true);
    expect(existsSync(`/dev/vfio/${groupOf(address)}`)).toBe(true);

    restoreDriver(address);
    expect(driverOf(address)).toBe(before);
    expect(existsSync(`/dev/vfio/${groupOf(address)}`)).toBe(false);
  });

  it('unbind leaves a device without a driver', () => {
    unbind(roles.flrA);
    expect(driverOf(roles.flrA)).toBeUndefined();
  });

  it('bindTo says so when a driver does not take the device', () => {
    expect(() => bindTo(roles.eduA, 'no-such-driver')).toThrow(`no-such-driver did not take ${roles.eduA} (driver now: none)`);
  });
});

describe('the processor', () => {
  it('has a TSC that KVM takes for constant; with another one a nested guest may lose its timers', () => {
    expect(readFileSync('/proc/cpuinfo', 'utf8')).toMatch(/^flags\s*:.*\bconstant_tsc\b/m);
  });
});

describe('memory of a process', () => {
  it.each([
    { name: 'vmPin', read: vmPin },
    { name: 'vmLck', read: vmLck },
  ])('$name is zero for a process that locks nothing', ({ read }) => {
    expect(read(process.pid)).toBe(0);
  });
});
