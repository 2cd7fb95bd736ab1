import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readBindingFacts } from '../../src/binding/read-binding-facts.ts';
import { createSysfsAccess } from '../../src/binding/sysfs-access.ts';
import { fakePciDevice, fakeTree } from '../host/fake-tree.ts';

const device = (address: string, driver: string, override: string) =>
  fakePciDevice({
    folder: `pci0000:00/0000:00:01.0/${address}`,
    driver,
    group: 14,
    attributes: { driver_override: `${override}\n` },
  });

const TREE = {
  ...device('0000:01:00.0', 'nvme', '(null)'),
  ...device('0000:01:00.1', 'vfio-pci', 'vfio-pci'),
  ...fakePciDevice({ folder: 'pci0000:00/0000:00:02.0', group: 3 }),
  'sys/kernel/iommu_groups/14/type': 'DMA\n',
  'sys/bus/pci/drivers/nvme': { folder: true },
  'sys/bus/pci/drivers/vfio-pci': { folder: true },
} as const;

describe('readBindingFacts', () => {
  it('reads the whole group with drivers and overrides, and the drivers that are there', () => {
    const { addresses, facts } = readBindingFacts(['01:00.1'], fakeTree(TREE));
    expect(addresses).toEqual(['0000:01:00.1']);
    expect(facts.host.devices.map(({ address, driver }) => [address, driver])).toEqual([
      ['0000:01:00.0', 'nvme'],
      ['0000:01:00.1', 'vfio-pci'],
    ]);
    expect([...facts.states]).toEqual([
      ['0000:01:00.0', { override: null, uses: [] }],
      ['0000:01:00.1', { override: 'vfio-pci', uses: [] }],
    ]);
    expect([...facts.drivers]).toEqual(['nvme', 'vfio-pci']);
  });

  it.each(['0000:01:00.0', '/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0'])('finds a device as %s', (word) => {
    expect(readBindingFacts([word], fakeTree(TREE)).addresses).toEqual(['0000:01:00.0']);
  });
});

describe('createSysfsAccess', () => {
  it('writes a value with a line feed and reads drivers and overrides back', async () => {
    const root = fakeTree(TREE);
    const sysfs = createSysfsAccess(root);
    const file = '/sys/bus/pci/devices/0000:01:00.1/driver_override';
    await sysfs.checkWritable(file);
    await sysfs.write(file, 'x');
    expect(readFileSync(path.join(root, file), 'utf8').startsWith('x\n')).toBe(true);
    expect(sysfs.driver('0000:01:00.0')).toBe('nvme');
    expect(sysfs.driver('0000:00:02.0')).toBeNull();
    expect(sysfs.override('0000:01:00.0')).toBeNull();
    expect([sysfs.hasDriver('nvme'), sysfs.hasDriver('igb')]).toEqual([true, false]);
  });

  it('does not make a file that is not there', async () => {
    const sysfs = createSysfsAccess(fakeTree(TREE));
    await expect(sysfs.write('/sys/bus/pci/drivers/nvme/bind', 'x')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(sysfs.checkWritable('/sys/bus/pci/drivers/nvme/bind')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
