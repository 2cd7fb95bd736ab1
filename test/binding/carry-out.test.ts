import { describe, expect, it } from 'vitest';
import { carryOut, type BindingTools } from '../../src/binding/carry-out.ts';
import { planBinding } from '../../src/binding/plan-binding.ts';
import type { UndoRecord } from '../../src/binding/undo-record.ts';
import type { UndoStore } from '../../src/binding/undo-store.ts';
import { FakeBus, systemError, type FakeBusOptions } from './fake-bus.ts';
import { facts, host, NAMED, SIBLING } from './hosts.ts';

const PAIR = [NAMED, SIBLING];
const PLAN = planBinding(
  { ...facts(PAIR), drivers: new Set(['virtio-pci']) },
  { devices: [NAMED.address], driver: 'vfio-pci', others: 'vfio-pci', onlyNamed: false, force: false },
  new Map(),
);

const memoryStore = (): UndoStore & { readonly kept: Map<string, UndoRecord> } => {
  const kept = new Map<string, UndoRecord>();
  return {
    kept,
    find: () => kept,
    save: (records) => records.forEach((record) => kept.set(record.address, record)),
    drop: (addresses) => addresses.forEach((address) => kept.delete(address)),
  };
};

const setUp = (options: FakeBusOptions = {}) => {
  const bus = new FakeBus(
    PAIR.map(({ address, driver }) => ({ address, driver, override: null, native: driver })),
    { drivers: ['virtio-pci'], ...options },
  );
  const undo = memoryStore();
  const tools: BindingTools = {
    sysfs: bus,
    undo,
    modprobe: (module) => {
      bus.load(module);
      return undefined;
    },
  };
  return { bus, undo, tools };
};

describe('carryOut', () => {
  it('loads the driver, saves the former state before the first write, and binds', async () => {
    const saved: number[] = [];
    const { bus, undo, tools } = setUp({ beforeWrite: () => saved.push(undo.kept.size) });
    await carryOut(PLAN, host(PAIR), tools);
    expect(bus.hasDriver('vfio-pci')).toBe(true);
    expect(saved).toEqual([2, 2, 2, 2, 2]);
    expect([...undo.kept.keys()]).toEqual([SIBLING.address, NAMED.address]);
  });

  it('a bind that failed leaves no record', async () => {
    const { undo, tools } = setUp({ refuses: (driver) => (driver === 'vfio-pci' ? 'EBUSY' : undefined) });
    await expect(carryOut(PLAN, host(PAIR), tools)).rejects.toThrow('vfio-pci did not take the device');
    expect(undo.kept.size).toBe(0);
  });

  it('what could not be taken back keeps its record', async () => {
    const { undo, tools } = setUp({ refuses: () => 'EBUSY' });
    await expect(carryOut(PLAN, host(PAIR), tools)).rejects.toThrow('vfio-pci did not take the device');
    expect([...undo.kept.keys()]).toEqual([SIBLING.address]);
  });

  it.each([
    { name: 'a driver that cannot be loaded', answer: 'modprobe: FATAL: Module vfio-pci not found' },
    { name: 'a module without that driver', answer: undefined },
  ])('$name: nothing is saved or written', async ({ answer }) => {
    const { bus, undo, tools } = setUp();
    await expect(carryOut(PLAN, host(PAIR), { ...tools, modprobe: () => answer })).rejects.toThrow(
      "the kernel has no PCI driver 'vfio-pci'",
    );
    expect(bus.written).toEqual([]);
    expect(undo.kept.size).toBe(0);
  });

  it('a process that may not write is told so before a driver is loaded', async () => {
    const { bus, undo, tools } = setUp();
    const sysfs = { ...bus, checkWritable: () => Promise.reject(systemError('EACCES')) };
    await expect(carryOut(PLAN, host(PAIR), { ...tools, sysfs })).rejects.toMatchObject({ problem: { code: 'PERMISSION' } });
    expect(bus.hasDriver('vfio-pci')).toBe(false);
    expect(undo.kept.size).toBe(0);
  });
});
