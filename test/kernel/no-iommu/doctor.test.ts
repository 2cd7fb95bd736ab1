import { describe, expect, it } from 'vitest';
import { readRoles } from '../lib/host-devices.ts';
import { runProgram } from '../lib/program.ts';
import { runSubcommand } from '../lib/subcommand.ts';

const { eduA } = readRoles();

describe('vmattach doctor without an IOMMU', () => {
  it.each([
    { what: 'the host by itself', args: [] },
    { what: 'a launch', args: ['-machine', 'bare', '-device', `vfio-pci,host=${eduA}`] },
  ])('is not ready and says so: $what', async ({ args }) => {
    const { status, stdout } = await runSubcommand(['doctor', ...args]);
    expect(stdout).toMatch(/^FAIL {2}IOMMU present and on$/m);
    expect(status).toBe(1);
  });

  it('and the launch fails', async () => {
    expect((await runProgram(['--check', '-device', `vfio-pci,host=${eduA}`])).status).toBe(1);
  });

  it('no device can be passed', async () => {
    const { stdout } = await runSubcommand(['devices', '--format', 'json']);
    const { devices } = JSON.parse(stdout);
    expect(devices.length).toBeGreaterThan(10);
    expect(devices.filter(({ passable }: { passable: boolean }) => passable)).toEqual([]);
  });
});
