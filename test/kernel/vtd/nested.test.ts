import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bindToVfio, cdevOf, groupOf, readRoles, restoreDriver } from '../lib/host-devices.ts';
import { buildInitramfs, NESTED_DMA, NESTED_MIB, nestedMachine } from '../lib/nested.ts';
import { executableOf, openVfioNodes } from '../lib/process-files.ts';
import { vmLck, vmPin } from '../lib/process-memory.ts';
import { startVmattach } from '../lib/program.ts';

const { eduA } = readRoles();

let machine: readonly string[];

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
    nodes: () => ['/dev/iommu', cdevOf(eduA)],
    locked: vmPin,
  },
  {
    backend: 'type1',
    device: ['-device', `vfio-pci,host=${eduA}`],
    nodes: () => [`/dev/vfio/${groupOf(eduA)}`, '/dev/vfio/vfio'],
    locked: vmLck,
  },
];

describe('a guest under KVM that QEMU runs', () => {
  it.each(BACKENDS)('sees the device passed through by $backend, and its DMA arrives', async ({ device, nodes, locked }) => {
    const guest = startVmattach([...machine, ...device]);
    await guest.printed(NESTED_DMA);

    expect(executableOf(guest.pid)).toMatch(/\/qemu-system-x86_64$/);
    expect(openVfioNodes(guest.pid)).toEqual(nodes());
    expect(locked(guest.pid)).toBeGreaterThanOrEqual(NESTED_MIB * 1024 * 1024);
    expect(locked(guest.pid)).toBeLessThan(NESTED_MIB * 1024 * 1024 + FIRMWARE_BYTES);

    guest.child.kill('SIGTERM');
    const { status, stdout, stderr } = await guest.ended;
    expect(stdout).not.toContain('nested: failed');
    expect(stderr).toContain('terminating on signal 15');
    expect(status).toBe(0);
  });
});
