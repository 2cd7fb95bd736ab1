import { describe, expect, test } from 'vitest';
import { expectClearError } from './expect-error.ts';
import { run, WORKSTATION } from './run.ts';

describe('vmattach probe', () => {
  test('says for each backend whether the kernel offers it, and what it can', async () => {
    const { status, stdout, stderr } = await run(['probe', '--host-model', WORKSTATION]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^type1 {10} offered \(\/dev\/vfio\/vfio\)\n {16}VFIO_API_VERSION 0, TYPE1_IOMMU, TYPE1v2_IOMMU/m);
    expect(stdout).toMatch(/^iommufd {8} offered \(\/dev\/iommu\)\n {16}IOMMU_IOAS_MAP_FILE, /m);
    expect(stdout).toMatch(/^iommu dmar0 {4} intel, translates up to 0x7fffffffff, /m);
  });

  test('a backend that is not there is a fact, with the call that failed', async () => {
    const { status, stdout } = await run(['probe', '--host-model', 'examples/hosts/stock-debian.json', '--format', 'json']);
    expect(status).toBe(0);
    const { backends, memlock } = JSON.parse(stdout);
    expect(backends[1]).toEqual({
      backend: 'iommufd',
      node: '/dev/iommu',
      offered: false,
      refusal: 'open /dev/iommu: No such file or directory',
      facts: {},
    });
    expect(memlock).toEqual({ soft: '8388608', hard: '8388608' });
  });

  test('of this host: an answer, whatever it is', async () => {
    const { status, stdout, stderr } = await run(['probe']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^iommufd-compat +(not )?offered/m);
  });

  test('takes no words', async () => {
    expectClearError(await run(['probe', 'iommufd']), /^probe: /);
  });
});
