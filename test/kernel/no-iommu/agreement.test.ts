import { expect, it } from 'vitest';
import type { HostModel } from '../../../src/host/model.ts';
import { createLinuxKernel } from '../../../src/kernel/linux/linux-kernel.ts';
import { expectAgreedRefusal } from '../lib/agreement.ts';
import { groupOf, readRoles } from '../lib/host-devices.ts';

const { eduA } = readRoles();

/** As if the device had a group, so that there is something to attach. */
const withGroup = (facts: HostModel): HostModel => ({
  ...facts,
  groups: [{ id: 99, iommu: 'unknown', type: 'DMA', reserved: [] }],
  devices: facts.devices.map((device) => (device.address === eduA ? { ...device, group: 99 } : device)),
});

it('without an IOMMU the plan refuses, and the kernel has no group to open', async () => {
  expect(groupOf(eduA)).toBeUndefined();
  const args = ['-device', `vfio-pci,host=${eduA}`];
  await expectAgreedRefusal(createLinuxKernel(), { args, code: 'NO_IOMMU', guilty: eduA, doctor: withGroup });
});
