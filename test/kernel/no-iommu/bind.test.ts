import { writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { run } from '../../cli/run.ts';
import { driverOf, readRoles, restoreDriver, unbind } from '../lib/host-devices.ts';

const { flrA } = readRoles();
const FOLDER = `/sys/bus/pci/devices/${flrA}`;
const NO_IOMMU_MODE = '/sys/module/vfio/parameters/enable_unsafe_noiommu_mode';

afterEach(() => {
  writeFileSync(NO_IOMMU_MODE, 'N');
  if (driverOf(flrA) !== 'virtio-pci') restoreDriver(flrA);
});

describe('vmattach bind without an IOMMU', () => {
  it('refuses before anything is touched, and the kernel would have refused', async () => {
    const { status, stderr } = await run(['bind', flrA]);
    expect(status).toBe(1);
    expect(stderr).toContain(`${flrA}: vfio-pci would not take it: Invalid argument`);
    expect(stderr).toContain('it is in no IOMMU group');
    expect(driverOf(flrA)).toBe('virtio-pci');

    unbind(flrA);
    writeFileSync(`${FOLDER}/driver_override`, 'vfio-pci\n');
    expect(() => writeFileSync('/sys/bus/pci/drivers/vfio-pci/bind', flrA)).toThrow('EINVAL');
  });

  it('pci-stub takes the device all the same, and it comes back', async () => {
    expect((await run(['bind', '--driver', 'pci-stub', flrA])).status).toBe(0);
    expect(driverOf(flrA)).toBe('pci-stub');
    expect((await run(['unbind', flrA])).status).toBe(0);
    expect(driverOf(flrA)).toBe('virtio-pci');
  });

  it('in no-IOMMU mode, vfio-pci takes it', async () => {
    writeFileSync(NO_IOMMU_MODE, 'Y');
    expect((await run(['bind', flrA])).status).toBe(0);
    expect(driverOf(flrA)).toBe('vfio-pci');
    expect((await run(['unbind', flrA])).status).toBe(0);
    expect(driverOf(flrA)).toBe('virtio-pci');
  });
});
