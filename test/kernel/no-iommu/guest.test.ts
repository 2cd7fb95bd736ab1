import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { bindToVfio, cdevOf, driverOf, groupOf, readRoles, restoreDriver } from '../lib/host-devices.ts';

const { eduA, flrA } = readRoles();
const NOIOMMU_MODE = '/sys/module/vfio/parameters/enable_unsafe_noiommu_mode';

afterEach(() => {
  restoreDriver(eduA);
  writeFileSync(NOIOMMU_MODE, 'N');
});

it.each([eduA, flrA])('%s has no IOMMU group', (address) => {
  expect(groupOf(address)).toBeUndefined();
});

it('vfio-pci does not take a device', () => {
  expect(readFileSync(NOIOMMU_MODE, 'utf8').trim()).toBe('N');
  expect(() => bindToVfio(eduA)).toThrow(`vfio-pci did not take ${eduA}`);
});

it('with no-IOMMU mode vfio-pci takes it, and there is a group node of another name but no cdev', () => {
  writeFileSync(NOIOMMU_MODE, 'Y');
  bindToVfio(eduA);
  expect(driverOf(eduA)).toBe('vfio-pci');
  expect(existsSync(`/dev/vfio/noiommu-${groupOf(eduA)}`)).toBe(true);
  expect(cdevOf(eduA)).toBeUndefined();
});
