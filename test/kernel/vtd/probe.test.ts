import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { isKernelAtLeast } from '../../../src/host/kernel-release.ts';
import { readHostFacts } from '../../../src/host/linux-facts.ts';
import { createLinuxKernel } from '../../../src/kernel/linux/linux-kernel.ts';
import { createSimulatedKernel } from '../../../src/kernel/simulated/simulated-kernel.ts';
import { probeKernel } from '../../../src/preflight/probe-kernel.ts';
import { runSubcommand } from '../lib/subcommand.ts';

const facts = () => readHostFacts({ devices: [], fds: [], everything: true });

it('the kernel offers all backends, and nothing stays open', () => {
  const before = readdirSync('/proc/self/fd').length;
  const probed = probeKernel(createLinuxKernel());
  expect(readdirSync('/proc/self/fd')).toHaveLength(before);
  expect(probed.map(({ backend, refusal }) => [backend, refusal])).toEqual([
    ['type1', undefined],
    ['iommufd', undefined],
    ['iommufd-compat', undefined],
  ]);
  expect(probed[0]?.facts).toMatchObject({ VFIO_API_VERSION: '0', TYPE1_IOMMU: true, TYPE1v2_IOMMU: true });
  expect(probed[1]?.facts['IOMMU_IOAS_MAP_FILE']).toBe(isKernelAtLeast(facts().kernel.release, 6, 13));
});

it('the simulation of this host answers the same', () => {
  expect(probeKernel(createSimulatedKernel(facts()))).toEqual(probeKernel(createLinuxKernel()));
});

it('the program prints it', async () => {
  const { status, stdout, stderr } = await runSubcommand(['probe']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(/^iommufd +offered \(\/dev\/iommu\)$/m);
  expect(stdout).toMatch(/^iommu dmar0 +intel, translates up to 0x/m);
});
