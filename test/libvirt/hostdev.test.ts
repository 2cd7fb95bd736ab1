import { afterEach, describe, expect, it } from 'vitest';
import { bindToVfio, cdevOf, driverOf, groupOf, readRoles, restoreDriver } from '../kernel/lib/host-devices.ts';
import { executableOf, openFiles, openVfioNodes } from '../kernel/lib/process-files.ts';
import { restartLibvirt } from './lib/daemon.ts';
import type { Domain, HostDevice } from './lib/domain-xml.ts';
import { argumentsOf, define, domainLog, loggedArguments, nestedReport, pidFile, pidOf, remove } from './lib/domain.ts';
import { QEMU, VMATTACH } from './lib/emulators.ts';
import { holdsLock, processFacts, type ProcessFacts } from './lib/process-facts.ts';
import { currentSuite } from './lib/suite.ts';
import { tryVirsh, virsh } from './lib/virsh.ts';

const { eduA, mixedEdu, mixedRng } = readRoles();

const TYPE1 = {
  backend: 'type1',
  device: { address: eduA, managed: true, iommufd: false },
  nodes: () => [`/dev/vfio/${groupOf(eduA)}`, '/dev/vfio/vfio'],
};
const IOMMUFD = {
  backend: 'iommufd',
  device: { address: eduA, managed: true, iommufd: true },
  nodes: () => ['/dev/iommu', cdevOf(eduA)],
};
const FORMS = currentSuite().iommufd ? [TYPE1, IOMMUFD] : [TYPE1];

const started: string[] = [];

const start = async (domain: Domain): Promise<number> => {
  await define(domain);
  started.push(domain.name);
  await virsh('start', domain.name);
  return pidOf(domain.name);
};

afterEach(async () => {
  for (const name of started.splice(0)) await remove(name);
  for (const address of [eduA, mixedEdu]) restoreDriver(address);
});

/** Starts a domain, waits for the DMA of its guest, looks at its process, and destroys it. */
const run = async (domain: Domain, nodes: () => readonly (string | undefined)[]): Promise<ProcessFacts> => {
  const { name, emulator } = domain;
  const pid = await start(domain);
  expect(await nestedReport(name)).toMatch(/moved 4096 bytes by DMA$/);

  expect(executableOf(pid)).toBe(QEMU);
  expect(openVfioNodes(pid)).toEqual(nodes());
  expect(argumentsOf(pid)).toEqual(loggedArguments(name, emulator));
  expect(openFiles(pid)).toContain(pidFile(name));
  expect(holdsLock(pid)).toBe(true);
  expect((await virsh('domstate', name)).trim()).toBe('running');
  const facts = processFacts(pid, name);

  await virsh('destroy', name);
  expect(domainLog(name)).toContain('terminating on signal 15');
  return facts;
};

describe('a domain with a passed-through device', () => {
  it.each(FORMS)('runs under vmattach as it does under QEMU ($backend)', async ({ backend, device, nodes }) => {
    const underQemu = await run({ name: `qemu-${backend}`, emulator: QEMU, device }, nodes);
    const underVmattach = await run({ name: `vmattach-${backend}`, emulator: VMATTACH, device }, nodes);
    expect(underVmattach).toEqual(underQemu);
    expect(driverOf(eduA)).toBeUndefined();
  });

  it('uses a device that was bound to vfio-pci before and stays so', async () => {
    bindToVfio(eduA);
    const device: HostDevice = { ...TYPE1.device, managed: false };
    await run({ name: 'unmanaged', emulator: VMATTACH, device }, TYPE1.nodes);
    expect(driverOf(eduA)).toBe('vfio-pci');
  });

  it('is found again by a libvirt that was restarted', async () => {
    const pid = await start({ name: 'restarted', emulator: VMATTACH, device: TYPE1.device });
    await restartLibvirt();
    expect((await virsh('domstate', 'restarted')).trim()).toBe('running');
    expect(pidOf('restarted')).toBe(pid);
  });
});

describe('a domain that cannot work', () => {
  it('libvirt shows which device stands against it, and gives the others back', async () => {
    const device: HostDevice = { address: mixedEdu, managed: true, iommufd: false };
    await define({ name: 'mixed', emulator: VMATTACH, device });
    started.push('mixed');
    const { status, stderr } = await tryVirsh('start', 'mixed');
    expect(status).toBe(1);
    expect(stderr).toContain(`group ${groupOf(mixedEdu)} is not viable`);
    expect(stderr).toContain(mixedRng);
    expect((await virsh('domstate', 'mixed')).trim()).toBe('shut off');
    expect(driverOf(mixedEdu)).toBeUndefined();
    expect(driverOf(mixedRng)).toBe('virtio-pci');
  });
});
