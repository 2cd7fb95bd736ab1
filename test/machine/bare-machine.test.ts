import { describe, expect, test } from 'vitest';
import { ramSlot } from '../../src/backends/slots.ts';
import { BareMachine } from '../../src/machine/bare-machine.ts';
import { createSimulatedKernel } from '../../src/kernel/simulated/simulated-kernel.ts';
import { WORKSTATION } from '../plan/hosts.ts';
import { planOf } from '../plan/planning.ts';
import { attach, countOf, leftBehind, SCENARIOS } from './attaching.ts';
import { problemOf } from '../options/problem-of.ts';

const GIB = 2n ** 30n;

describe('BareMachine attaches and detaches', () => {
  test.each(SCENARIOS)('$what: nothing is left, and passed fds stay open', async ({ line, host }) => {
    const { kernel, machine, plan } = await attach(line, host);
    expect(machine.records.map(({ step }) => step.id).toSorted()).toEqual(plan.steps.map(({ id }) => id).toSorted());
    expect(kernel.leftovers().length).toBeGreaterThan(0);
    await machine.detach();
    expect(leftBehind(kernel, plan)).toEqual([]);
    const fds = Object.keys(host.fds ?? {}).map(Number);
    for (const fd of fds) {
      expect(() => kernel.status(fd)).not.toThrow();
      kernel.close(fd);
    }
    expect([kernel.leftovers(), kernel.openFds()]).toEqual([[], 0]);
  });

  test.each(SCENARIOS.filter(({ line }) => !line.includes('vfio-pci,fd=')))(
    '$what: twice on one kernel',
    async ({ line, host }) => {
      const kernel = createSimulatedKernel(host);
      const plan = planOf(line, host);
      const first = await BareMachine.attach(plan, kernel, () => host);
      await first.detach();
      const second = await BareMachine.attach(plan, kernel, () => host);
      await second.detach();
      expect(kernel.leftovers()).toEqual([]);
    },
  );

  test.each(SCENARIOS)(
    '$what: each device can reach RAM, at both ends of each section and nowhere else',
    async ({ line, host }) => {
      const { kernel, machine, plan } = await attach(line, host);
      const ram = machine.session.get(ramSlot(plan.ram.id));
      for (const space of plan.spaces) {
        for (const { name, mediated } of space.devices) {
          if (mediated) continue;
          for (const [index, { iova, offset, size }] of space.sections.entries()) {
            const first = Uint8Array.of(1, 2, 3, index);
            const last = Uint8Array.of(9, 8, 7, index);
            expect(kernel.dmaWrite(name, iova, first)).toBe(true);
            expect(kernel.dmaWrite(name, iova + size - 4n, last)).toBe(true);
            expect(kernel.view(ram.address + offset, 4)).toEqual(first);
            expect(kernel.view(ram.address + offset + size - 4n, 4)).toEqual(last);
            kernel.view(ram.address + offset, 4).set([5, 5, 5, 5]);
            const read = new Uint8Array(4);
            expect(kernel.dmaRead(name, iova, read)).toBe(true);
            expect(read).toEqual(Uint8Array.of(5, 5, 5, 5));
            expect(kernel.dmaWrite(name, iova + size, first)).toBe(false);
            expect(kernel.dmaRead(name, iova + size, read)).toBe(false);
          }
        }
      }
      await machine.detach();
      for (const { name } of plan.devices) expect(kernel.dmaWrite(name, 0n, Uint8Array.of(1))).toBe(false);
    },
  );
});

describe('RAM is mapped', () => {
  const maps = (calls: readonly string[]) =>
    Object.fromEntries(['VFIO_IOMMU_MAP_DMA', 'IOMMU_IOAS_MAP', 'IOMMU_IOAS_MAP_FILE'].map((name) => [name, countOf(calls, name)]));

  test.each<[what: string, counts: readonly [type1: number, ioas: number, file: number]]>([
    ['type1, one device', [1, 0, 0]],
    ['type1, two devices of one group and one of another', [2, 0, 0]],
    ['iommufd, one device', [0, 1, 0]],
    ['iommufd, two devices of one group and one of another', [0, 16, 0]],
    ['iommufd, two objects', [0, 2, 0]],
    ['iommufd, RAM in a memfd', [0, 0, 1]],
    ['compat type1v2, two devices of one group and one of another', [2, 0, 0]],
    ['type1 and iommufd at once, RAM in a file', [1, 1, 0]],
    ['all three at once', [2, 1, 0]],
  ])('once for each address space, whatever is in it: %s', async (what, [type1, ioas, file]) => {
    const scenario = SCENARIOS.find((candidate) => candidate.what === what);
    const { calls } = await attach(scenario?.line ?? '', scenario?.host ?? WORKSTATION);
    expect(maps(calls)).toEqual({ VFIO_IOMMU_MAP_DMA: type1, IOMMU_IOAS_MAP: ioas, IOMMU_IOAS_MAP_FILE: file });
  });

  test('by address where the kernel is too old to map files, after one try', async () => {
    const scenario = SCENARIOS.find(({ what }) => what.endsWith('cannot map files'));
    const { calls } = await attach(scenario?.line ?? '', scenario?.host ?? WORKSTATION);
    expect(maps(calls)).toEqual({ VFIO_IOMMU_MAP_DMA: 0, IOMMU_IOAS_MAP: 1, IOMMU_IOAS_MAP_FILE: 1 });
  });

  test('by address where a memfd is mapped privately: the file is not what the guest sees', async () => {
    const { calls, kernel, machine } = await attach(
      '-object memory-backend-memfd,id=m,size=1M,share=off -machine memory-backend=m -device vfio-iommu-pci,host=06:00.0',
      WORKSTATION,
    );
    expect(maps(calls)).toMatchObject({ IOMMU_IOAS_MAP: 1, IOMMU_IOAS_MAP_FILE: 0 });
    expect(kernel.dmaWrite('0000:06:00.0', 0n, Uint8Array.of(7))).toBe(true);
    expect(kernel.view(machine.session.get(ramSlot('m')).address, 1)).toEqual(Uint8Array.of(7));
  });

  test('and charged once for each address space', async () => {
    const usage = async (line: string) => (await attach(`-m 1G ${line}`, WORKSTATION)).kernel.memlockUsage();
    expect(await usage('-device vfio-pci,host=01:00.0 -device vfio-pci,host=06:00.0')).toMatchObject({ process: GIB, user: 0n });
    expect(await usage('-device vfio-iommu-pci,host=01:00.0 -device vfio-iommu-pci,host=06:00.0')).toMatchObject({
      process: 0n,
      user: GIB,
    });
  });
});

describe('page tables', () => {
  test('are shared by all devices of an IOAS whose IOMMU accepts them', async () => {
    const { calls } = await attach(
      SCENARIOS.find(({ what }) => what.includes('tracks dirty'))?.line ?? '',
      SCENARIOS[6]?.host ?? WORKSTATION,
    );
    expect([countOf(calls, 'IOMMU_HWPT_ALLOC'), countOf(calls, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT')]).toEqual([1, 2]);
  });

  test('are made once more for a device behind an IOMMU that does not', async () => {
    const host = {
      ...WORKSTATION,
      groups: WORKSTATION.groups.map((group) => (group.id === 16 ? { ...group, iommu: 'dmar0' } : group)),
    };
    const { calls, kernel, machine } = await attach(
      '-object iommufd,id=i -device vfio-pci,host=01:00.0,iommufd=i -device vfio-pci,host=06:00.0,iommufd=i',
      host,
    );
    expect(countOf(calls, 'IOMMU_IOAS_ALLOC')).toBe(1);
    expect(countOf(calls, 'IOMMU_IOAS_MAP')).toBe(1);
    for (const name of ['0000:01:00.0', '0000:06:00.0']) expect(kernel.dmaWrite(name, 0n, Uint8Array.of(1))).toBe(true);
    await machine.detach();
    expect(kernel.leftovers()).toEqual([]);
  });

  test('are not made for a mediated device', async () => {
    const scenario = SCENARIOS.find(({ what }) => what === 'iommufd, a mediated device beside another');
    const { calls } = await attach(scenario?.line ?? '', scenario?.host ?? WORKSTATION);
    expect([countOf(calls, 'IOMMU_HWPT_ALLOC'), countOf(calls, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT')]).toEqual([1, 2]);
  });
});

describe('an object of attached devices', () => {
  test('counts them, and cannot be deleted before they are gone', async () => {
    const { machine, plan } = await attach(
      '-object iommufd,id=i -device vfio-pci,host=01:00.0,iommufd=i -device vfio-pci,host=06:00.0,iommufd=i',
      WORKSTATION,
    );
    const { tree } = plan.request;
    expect(tree.get('/objects/i')?.users).toBe(2);
    expect(problemOf(() => tree.removeObject('i')).message).toBe("object 'i' is in use, can not be deleted");
    await machine.detach();
    expect(tree.get('/objects/i')?.users).toBe(0);
    tree.removeObject('i');
  });
});

describe('a device is reset', () => {
  test.each(SCENARIOS)('at most once while it is attached: $what', async ({ line, host }) => {
    const { kernel, plan } = await attach(line, host);
    for (const { name } of plan.devices) expect(kernel.resetCount(name)).toBeLessThanOrEqual(1);
  });
});
