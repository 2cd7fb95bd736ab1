import { mkdtempSync, openSync, closeSync, readSync, rmSync, writeSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createLinuxKernel } from '../../../src/kernel/linux/linux-kernel.ts';
import { attachHere, detachAll, deviceFd, guestRam, openVfioFiles } from '../lib/attach.ts';
import { sysfsRegisters, vfioRegisters } from '../lib/device-registers.ts';
import { Edu } from '../lib/edu.ts';
import { bindToVfio, readRoles, restoreDriver } from '../lib/host-devices.ts';
import { vmLck, vmPin } from '../lib/process-memory.ts';

const { eduA, eduB, sharedA, sharedB } = readRoles();
const kernel = createLinuxKernel();

const PAGE = 4096;
const MIB = 1024 * 1024;
const RAM = 64 * MIB;
const SOURCE = 16 * MIB;
const DESTINATION = 32 * MIB;
const OUTSIDE = RAM + MIB;

const pattern = (seed: number): Uint8Array => Uint8Array.from({ length: PAGE }, (_, index) => (index * 7 + seed) & 0xff);
const FILE = path.join(mkdtempSync(path.join(tmpdir(), 'ram-')), 'ram');
const fileRam = ['-object', `memory-backend-file,id=ram0,size=64M,mem-path=${FILE},share=on`, '-machine', 'memory-backend=ram0'];

/**
 * Linux 6.12 with VT-d leaves the requester ID of a PCIe-to-PCI bridge on the page table of the group's first attach after boot:
 * a later attach of the same group succeeds, and its DMA faults. Seen with every backend and gone in 7.2.
 */
const KEEPS_BRIDGE_ALIAS = release().startsWith('6.12.');

const BACKENDS = [
  { backend: 'iommufd', objects: ['-object', 'iommufd,id=iommufd0'], link: ',iommufd=iommufd0' },
  { backend: 'type1', objects: [], link: '' },
  { backend: 'iommufd-compat', objects: ['-object', 'iommufd,id=iommufd0,compat=type1v2'], link: ',iommufd=iommufd0' },
] as const;

beforeAll(() => {
  for (const device of [eduA, eduB, sharedA, sharedB]) bindToVfio(device);
});
afterAll(() => {
  for (const device of [eduA, eduB, sharedA, sharedB]) restoreDriver(device);
});
afterEach(async () => {
  await detachAll();
  rmSync(FILE, { force: true });
});

describe.each(BACKENDS)('attached through $backend', ({ backend, objects, link }) => {
  const device = (address: string): string[] => ['-device', `vfio-pci,host=${address}${link}`];

  it('a device copies from one guest address to another', async () => {
    const machine = await attachHere(kernel, [...objects, ...device(eduA)]);
    expect(machine.plan.devices[0]?.backend).toBe(backend);
    const ram = guestRam(machine);
    ram.set(pattern(3), SOURCE);
    const edu = new Edu(vfioRegisters(kernel, deviceFd(machine)));
    await edu.copyIn(SOURCE, PAGE);
    await edu.copyOut(DESTINATION, PAGE);
    expect(ram.slice(DESTINATION, DESTINATION + PAGE)).toEqual(pattern(3));
    await machine.detach();
  });

  it('a device reads and writes nothing outside guest RAM', async () => {
    const machine = await attachHere(kernel, [...objects, ...device(eduA)]);
    const ram = guestRam(machine);
    ram.set(pattern(5), SOURCE);
    const edu = new Edu(vfioRegisters(kernel, deviceFd(machine)));
    await edu.copyIn(SOURCE, PAGE);
    const before = Buffer.from(ram);
    await edu.copyOut(OUTSIDE, PAGE);
    expect(Buffer.compare(before, Buffer.from(ram))).toBe(0);
    await machine.detach();
  });

  it('after detach the device cannot reach the memory any more', async () => {
    const machine = await attachHere(kernel, [...fileRam, ...objects, ...device(eduA)]);
    guestRam(machine).set(pattern(9), SOURCE);
    const edu = new Edu(vfioRegisters(kernel, deviceFd(machine)));
    await edu.copyIn(SOURCE, PAGE);
    await edu.copyOut(DESTINATION, PAGE);
    await machine.detach();

    const file = openSync(FILE, 'r+');
    const found = Buffer.alloc(PAGE);
    readSync(file, found, 0, PAGE, DESTINATION);
    expect(new Uint8Array(found)).toEqual(pattern(9));
    writeSync(file, Buffer.alloc(PAGE, 0x55), 0, PAGE, DESTINATION);
    using registers = sysfsRegisters(kernel, eduA);
    await new Edu(registers).copyOut(DESTINATION, PAGE);
    readSync(file, found, 0, PAGE, DESTINATION);
    closeSync(file);
    expect(found.equals(Buffer.alloc(PAGE, 0x55))).toBe(true);
  });

  it('two devices of two groups reach the same memory, which is charged once', async () => {
    const machine = await attachHere(kernel, [...objects, ...device(eduA), ...device(eduB)]);
    expect(machine.plan.spaces).toHaveLength(1);
    const ram = guestRam(machine);
    ram.set(pattern(11), SOURCE);
    await new Edu(vfioRegisters(kernel, deviceFd(machine, 0))).copyIn(SOURCE, PAGE);
    await new Edu(vfioRegisters(kernel, deviceFd(machine, 0))).copyOut(DESTINATION, PAGE);
    const second = new Edu(vfioRegisters(kernel, deviceFd(machine, 1)));
    await second.copyIn(DESTINATION, PAGE);
    await second.copyOut(DESTINATION + MIB, PAGE);
    expect(ram.slice(DESTINATION + MIB, DESTINATION + MIB + PAGE)).toEqual(pattern(11));
    expect(backend === 'type1' ? vmLck(process.pid) : vmPin(process.pid)).toBe(RAM);
    await machine.detach();
  });

  const unreachable = KEEPS_BRIDGE_ALIAS && backend !== BACKENDS[0].backend;
  it.skipIf(unreachable)(
    `two devices of one group are attached together${unreachable ? ' (not on Linux 6.12: bridge alias)' : ''}`,
    async () => {
      const machine = await attachHere(kernel, [...objects, ...device(sharedA), ...device(sharedB)]);
      const ram = guestRam(machine);
      ram.set(pattern(13), SOURCE);
      for (const index of [0, 1]) {
        const edu = new Edu(vfioRegisters(kernel, deviceFd(machine, index)));
        await edu.copyIn(SOURCE, PAGE);
        await edu.copyOut(DESTINATION + index * PAGE, PAGE);
        expect(ram.slice(DESTINATION + index * PAGE, DESTINATION + (index + 1) * PAGE)).toEqual(pattern(13));
      }
      await machine.detach();
    },
  );

  it('a detach leaves no open file and no locked memory', async () => {
    const machine = await attachHere(kernel, [...objects, ...device(eduA), ...device(sharedA)]);
    expect(openVfioFiles()).not.toEqual([]);
    await machine.detach();
    expect(openVfioFiles()).toEqual([]);
    expect([vmPin(process.pid), vmLck(process.pid)]).toEqual([0, 0]);
  });
});

describe('both backends in one machine', () => {
  it('each device reaches guest RAM through its own, and the RAM is charged for each', async () => {
    const machine = await attachHere(kernel, [
      '-object',
      'iommufd,id=iommufd0',
      '-device',
      `vfio-pci,host=${eduA},iommufd=iommufd0`,
      '-device',
      `vfio-pci,host=${eduB}`,
    ]);
    expect(machine.plan.devices.map(({ backend }) => backend)).toEqual(['iommufd', 'type1']);
    expect([vmPin(process.pid), vmLck(process.pid)]).toEqual([RAM, RAM]);
    const ram = guestRam(machine);
    ram.set(pattern(17), SOURCE);
    for (const index of [0, 1]) {
      const edu = new Edu(vfioRegisters(kernel, deviceFd(machine, index)));
      await edu.copyIn(SOURCE, PAGE);
      await edu.copyOut(DESTINATION + index * PAGE, PAGE);
      expect(ram.slice(DESTINATION + index * PAGE, DESTINATION + (index + 1) * PAGE)).toEqual(pattern(17));
    }
    await machine.detach();
    expect([vmPin(process.pid), vmLck(process.pid)]).toEqual([0, 0]);
  });
});
