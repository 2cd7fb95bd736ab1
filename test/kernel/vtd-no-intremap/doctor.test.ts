import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLinuxKernel } from '../../../src/kernel/linux/linux-kernel.ts';
import { refusal } from '../lib/agreement.ts';
import { attachAnyway } from '../lib/attach.ts';
import { bindToVfio, readRoles, restoreDriver } from '../lib/host-devices.ts';
import { runSubcommand } from '../lib/subcommand.ts';

const { eduA } = readRoles();

beforeAll(() => bindToVfio(eduA));
afterAll(() => restoreDriver(eduA));

describe('vmattach doctor without interrupt remapping', () => {
  it.each([
    { what: 'the host by itself', args: [] },
    { what: 'type1', args: ['-machine', 'bare', '-device', `vfio-pci,host=${eduA}`] },
    {
      what: 'iommufd',
      args: ['-machine', 'bare', '-object', 'iommufd,id=i', '-device', `vfio-pci,host=${eduA},iommufd=i`],
    },
  ])('is not ready: $what', async ({ args }) => {
    const { status, stdout } = await runSubcommand(['doctor', ...args]);
    expect(stdout).toMatch(/^FAIL {2}interrupts isolated\n +cause: .*\n +fix: /m);
    expect(status).toBe(1);
  });

  it('and the kernel refuses', async () => {
    await refusal(attachAnyway(createLinuxKernel(), ['-device', `vfio-pci,host=${eduA}`]));
  });
});
