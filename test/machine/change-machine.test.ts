import { describe, expect, test } from 'vitest';
import { VmattachError } from '../../src/errors/problem.ts';
import { createSimulatedKernel } from '../../src/kernel/simulated/simulated-kernel.ts';
import type { CallEvent } from '../../src/kernel/trace.ts';
import { traced } from '../../src/kernel/traced-kernel.ts';
import { BareMachine } from '../../src/machine/bare-machine.ts';
import { WORKSTATION } from '../plan/hosts.ts';
import { planOf } from '../plan/planning.ts';

const BACKENDS = [
  { backend: 'type1', object: '', link: '' },
  { backend: 'iommufd', object: '-object iommufd,id=i ', link: ',iommufd=i' },
  { backend: 'iommufd-compat', object: '-object iommufd,id=i,compat=type1v2 ', link: ',iommufd=i' },
];

describe.each(BACKENDS)('BareMachine.change through $backend', ({ object, link }) => {
  const device = (id: string, host: string): string => `-device vfio-pci,id=${id},host=${host}${link}`;
  const gpu = `${object}${device('gpu', '01:00.0')}`;
  const both = `${gpu} ${device('nic', '06:00.0')}`;
  const without = `${object}-m 128M`;

  const start = async (line: string) => {
    const simulated = createSimulatedKernel(WORKSTATION);
    const calls: CallEvent[] = [];
    const kernel = traced(simulated, (event) => calls.push(event));
    const machine = await BareMachine.attach(planOf(line, WORKSTATION), kernel, () => WORKSTATION);
    calls.length = 0;
    return { simulated, machine, calls, change: (to: string) => machine.change(planOf(to, WORKSTATION), () => WORKSTATION) };
  };

  test('adds a device without mapping RAM again', async () => {
    const { machine, calls, change } = await start(gpu);
    await change(both);
    expect(machine.plan.devices.map(({ name }) => name)).toEqual(['0000:01:00.0', '0000:06:00.0']);
    expect(calls.filter(({ call }) => /MAP/.test(call))).toEqual([]);
    await machine.detach();
  });

  test('takes a device away while the other goes on', async () => {
    const { simulated, machine, calls, change } = await start(both);
    await change(gpu);
    expect(calls.filter(({ call }) => /MAP/.test(call))).toEqual([]);
    expect(simulated.dmaRead('0000:01:00.0', 0n, new Uint8Array(8))).toBe(true);
    expect(simulated.dmaRead('0000:06:00.0', 0n, new Uint8Array(8))).toBe(false);
    await machine.detach();
    expect(simulated.leftovers()).toEqual([]);
  });

  test('unmaps RAM with the last device and maps it again with the next', async () => {
    const { simulated, machine, change } = await start(gpu);
    await change(without);
    expect(simulated.memlockUsage()).toEqual({ process: 0n, user: 0n, pinned: 0n });
    await change(both);
    expect(simulated.dmaRead('0000:06:00.0', 0n, new Uint8Array(8))).toBe(true);
    await machine.detach();
    expect(simulated.leftovers()).toEqual([]);
  });

  test('takes back an addition that fails, and only that', async () => {
    const { simulated, machine, change } = await start(gpu);
    const release = simulated.openElsewhere('/dev/vfio/16');
    const held = simulated.leftovers().toSorted();
    await expect(change(both)).rejects.toBeInstanceOf(VmattachError);
    expect(simulated.leftovers().toSorted()).toEqual(held);
    expect(machine.plan.devices).toHaveLength(1);
    release();
    await change(both);
    await machine.detach();
    expect(simulated.leftovers()).toEqual([]);
  });

  test('200 rounds leave nothing', async () => {
    const { simulated, machine, change } = await start(gpu);
    const held = simulated.leftovers().toSorted();
    for (let round = 0; round < 200; round += 1) {
      await change(both);
      await change(gpu);
    }
    expect(simulated.leftovers().toSorted()).toEqual(held);
    await machine.detach();
  });
});
