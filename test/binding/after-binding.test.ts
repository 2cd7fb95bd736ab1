import { describe, expect, test } from 'vitest';
import { afterBinding } from '../../src/binding/after-binding.ts';
import type { BindingFacts } from '../../src/binding/binding-facts.ts';
import { planBinding } from '../../src/binding/plan-binding.ts';
import { card, DRIVERS, facts, MIXED_GROUP, NAMED, SIBLING } from './hosts.ts';

const REQUEST = { driver: 'vfio-pci', others: 'vfio-pci', onlyNamed: false, force: false, keepBound: true };

const bound = (before: BindingFacts, devices: readonly string[], cdevs: readonly string[] = []) =>
  afterBinding(before.host, planBinding(before, { ...REQUEST, devices }, new Map()), cdevs);

const driverAndCdev = ({ devices }: BindingFacts['host']) =>
  Object.fromEntries(devices.map(({ address, driver, cdev }) => [address, [driver, cdev?.name]]));

describe('a host when its devices are bound', () => {
  test('has cdevs with the lowest free numbers, siblings first; bridges stay', () => {
    expect(driverAndCdev(bound(facts(MIXED_GROUP), [NAMED.address], ['vfio0', 'vfio2']))).toEqual({
      '0000:00:09.0': ['pcieport', undefined],
      [SIBLING.address]: ['vfio-pci', 'vfio1'],
      [NAMED.address]: ['vfio-pci', 'vfio3'],
    });
  });

  test('has none on a kernel that makes none', () => {
    const kernel = { release: '6.1', iommufd: false, vfioCdev: false, container: 'type1' } as const;
    expect(driverAndCdev(bound(facts(MIXED_GROUP, {}, { kernel }), [NAMED.address]))).toMatchObject({
      [NAMED.address]: ['vfio-pci', undefined],
    });
  });

  test('gets the nodes that come with the modules of vfio', () => {
    const kernel = { release: '6.12.0', iommufd: true, vfioCdev: true, container: 'none' } as const;
    const before = facts([card('0000:01:00.0')], {}, { kernel, nodes: { '/dev/vfio/vfio': null, '/dev/iommu': null } });
    const unloaded = { ...before, drivers: new Set(['e1000e']) };
    expect(bound(unloaded, ['0000:01:00.0'])).toMatchObject({ kernel: { container: 'unknown' }, nodes: {} });
    expect(bound({ ...before, drivers: DRIVERS }, ['0000:01:00.0'])).toMatchObject({
      kernel: { container: 'none' },
      nodes: { '/dev/vfio/vfio': null, '/dev/iommu': null },
    });
  });

  test('is the same when nothing is to be bound: also a variant of vfio-pci stays', () => {
    const before = facts([card('0000:01:00.0', { driver: 'mlx5_vfio_pci', cdev: { name: 'vfio4', device: '511:4' } })]);
    expect(bound(before, ['0000:01:00.0'])).toBe(before.host);
  });
});
