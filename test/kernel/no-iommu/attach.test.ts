import { expect, it } from 'vitest';
import { planHere } from '../lib/attach.ts';
import { readRoles } from '../lib/host-devices.ts';

const { eduA } = readRoles();

it.each([
  { backend: 'type1', args: ['-device', `vfio-pci,host=${eduA}`] },
  { backend: 'iommufd', args: ['-object', 'iommufd,id=i', '-device', `vfio-pci,host=${eduA},iommufd=i`] },
])('without an IOMMU the plan refuses and says what is missing ($backend)', ({ args }) => {
  const [problem] = planHere(args).plan.problems;
  expect(problem).toMatchObject({
    code: 'NO_IOMMU',
    message: `vfio ${eduA}: no iommu_group found: No such file or directory`,
  });
});
