import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bindToVfio, cdevOf, groupOf, readRoles, restoreDriver } from '../lib/host-devices.ts';
import { buildInitramfs, NESTED_DMA, NESTED_MIB, nestedMachine } from '../lib/nested.ts';
import { executableOf, openVfioNodes } from '../lib/process-files.ts';
import { vmLck, vmPin } from '../lib/process-memory.ts';
import { startVmattach, type Running } from '../lib/program.ts';

const { eduA } = readRoles();

let machine: readonly string[];
let guest: Running | undefined;

const boot = async (args: readonly string[]): Promise<Running> => {
  guest = startVmattach(args);
  await guest.printed(NESTED_DMA);
  return guest;
};

/** A test that fails must not leave a guest behind that keeps the device. */
afterEach(async () => {
  guest?.child.kill('SIGTERM');
  await guest?.ended;
  guest = undefined;
});

beforeAll(() => {
  bindToVfio(eduA);
  machine = nestedMachine(buildInitramfs());
});
afterAll(() => {
  restoreDriver(eduA);
});

/** Firmware and video memory are mapped, and locked, beside RAM. */
const FIRMWARE_BYTES = 8 * 1024 * 1024;

const BACKENDS = [
  {
    backend: 'iommufd',
    device: ['-object', 'iommufd,id=iommufd0', '-device', `vfio-pci,host=${eduA},iommufd=iommufd0`],
    nodes: () => ['/dev/iommu', cdevOf(eduA) ?? ''],
    locked: vmPin,
  },
  {
    backend: 'type1',
    device: ['-device', `vfio-pci,host=${eduA}`],
    nodes: () => [`/dev/vfio/${groupOf(eduA)}`, '/dev/vfio/vfio'],
    locked: vmLck,
  },
] as const;

describe('a guest under KVM that QEMU runs', () => {
  it.each(BACKENDS)('sees the device passed through by $backend, and its DMA arrives', async ({ device, nodes, locked }) => {
    const running = await boot([...machine, ...device]);

    expect(executableOf(running.pid)).toMatch(/\/qemu-system-x86_64$/);
    expect(openVfioNodes(running.pid)).toEqual(nodes());
    expect(locked(running.pid)).toBeGreaterThanOrEqual(NESTED_MIB * 1024 * 1024);
    expect(locked(running.pid)).toBeLessThan(NESTED_MIB * 1024 * 1024 + FIRMWARE_BYTES);

    running.child.kill('SIGTERM');
    const { status, stdout, stderr } = await running.ended;
    expect(stdout).not.toContain('nested: failed');
    expect(stderr).toContain('terminating on signal 15');
    expect(status).toBe(0);
  });
});
