import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { writeFileSync } from 'node:fs';
import { VmattachError, type Problem } from '../../../src/errors/problem.ts';
import type { HostModel } from '../../../src/host/model.ts';
import { createLinuxKernel } from '../../../src/kernel/linux/linux-kernel.ts';
import { attachHere, detachAll, openVfioFiles, planHere } from '../lib/attach.ts';
import { bindToVfio, readRoles, restoreDriver } from '../lib/host-devices.ts';

const { eduA } = readRoles();
const kernel = createLinuxKernel();

const BACKENDS = [
  { backend: 'iommufd', module: 'iommufd', args: ['-object', 'iommufd,id=i', '-device', `vfio-pci,host=${eduA},iommufd=i`] },
  { backend: 'type1', module: 'vfio_iommu_type1', args: ['-device', `vfio-pci,host=${eduA}`] },
  {
    backend: 'iommufd-compat',
    module: 'iommufd',
    args: ['-object', 'iommufd,id=i,compat=type1v2', '-device', `vfio-pci,host=${eduA},iommufd=i`],
  },
];

beforeAll(() => bindToVfio(eduA));
afterEach(detachAll);
afterAll(() => restoreDriver(eduA));

/** As if the facts did not tell: the kernel must then refuse by itself. */
const withoutKnowing = (facts: HostModel): HostModel => ({
  ...facts,
  iommus: facts.iommus.map((iommu) => ({ ...iommu, isolatedMsi: 'unknown' as const })),
});

const refusal = async (body: Promise<unknown>): Promise<Problem | undefined> => {
  try {
    await body;
    return undefined;
  } catch (error) {
    if (error instanceof VmattachError) return error.problem;
    throw error;
  }
};

describe.each(BACKENDS)('interrupts are not isolated, $backend', ({ module, args }) => {
  const parameter = `/sys/module/${module}/parameters/allow_unsafe_interrupts`;

  it('the plan says so, the kernel refuses for that reason, and the named parameter allows it', async () => {
    const [problem] = planHere(args).plan.problems;
    expect(problem).toMatchObject({ code: 'MSI_NOT_ISOLATED', severity: 'error' });
    expect(problem?.fixes?.join()).toContain(parameter);

    const met = await refusal(attachHere(kernel, args, withoutKnowing));
    expect(met).toMatchObject({ code: 'MSI_NOT_ISOLATED' });
    expect(met?.message).toContain('Operation not permitted');
    expect(openVfioFiles()).toEqual([]);

    writeFileSync(parameter, 'Y');
    try {
      const machine = await attachHere(kernel, args);
      await machine.detach();
    } finally {
      writeFileSync(parameter, 'N');
    }
  });
});
