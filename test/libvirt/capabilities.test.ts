import { describe, expect, it } from 'vitest';
import { QEMU, VMATTACH } from './lib/emulators.ts';
import { currentSuite } from './lib/suite.ts';
import { virsh } from './lib/virsh.ts';

const capabilities = (emulator: string, virttype: string): Promise<string> =>
  virsh('domcapabilities', '--emulatorbin', emulator, '--arch', 'x86_64', '--machine', 'q35', '--virttype', virttype);

describe('libvirt', () => {
  const { libvirt, iommufd } = currentSuite();

  it('has the version that the suite is here for', async () => {
    const version = /Using library: libvirt (\S+)/.exec(await virsh('version'))?.[1];
    expect(version).toMatch(libvirt === undefined ? /^\d+\.\d+\.\d+$/ : new RegExp(`^${libvirt}\\.`));
  });

  it.each(['kvm', 'qemu'])('finds in vmattach what it finds in QEMU (domain type %s)', async (virttype) => {
    const ofQemu = await capabilities(QEMU, virttype);
    const ofVmattach = await capabilities(VMATTACH, virttype);
    expect(ofVmattach).toContain(`<path>${VMATTACH}</path>`);
    expect(ofVmattach.replace(VMATTACH, QEMU)).toBe(ofQemu);
  });

  it('offers iommufd for host devices where it knows it', async () => {
    const hostdev = /<hostdev .*?<\/hostdev>/s.exec(await capabilities(VMATTACH, 'kvm'))?.[0] ?? '';
    expect(hostdev).toContain("<hostdev supported='yes'>");
    expect(hostdev.includes("<enum name='iommufd'>")).toBe(iommufd);
  });
});
