import { existsSync, readFileSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { bindToVfio, cdevOf, groupOf, readRoles, restoreDriver } from '../lib/host-devices.ts';

const { eduA } = readRoles();

afterEach(() => restoreDriver(eduA));

it('there is an IOMMU and a cdev: only isolated MSI is missing', () => {
  expect(groupOf(eduA)).toBeDefined();
  bindToVfio(eduA);
  expect(existsSync(cdevOf(eduA) ?? 'no cdev')).toBe(true);
});

it.each(['vfio_iommu_type1', 'iommufd'])('%s refuses unsafe interrupts unless told otherwise', (name) => {
  expect(readFileSync(`/sys/module/${name}/parameters/allow_unsafe_interrupts`, 'utf8').trim()).toBe('N');
});
