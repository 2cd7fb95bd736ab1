import { describe, expect, test } from 'vitest';
import { BACKENDS } from '../../src/backends/address-space.ts';
import type { HostModel } from '../../src/host/model.ts';
import { isPassable, listDevices } from '../../src/preflight/list-devices.ts';
import { askPlanner } from '../../src/preflight/passability.ts';
import { withDevice, withMemlock, withoutIsolation } from '../plan/hosts.ts';
import { EXAMPLE_HOSTS, exampleHost, planOf } from '../plan/planning.ts';

const WORKSTATION = exampleHost('workstation');

const listed = (words: readonly string[], bridges = false, host: HostModel = WORKSTATION): string[] =>
  listDevices(host, { words, bridges }).map(({ facts }) => facts.address);

describe('listDevices', () => {
  test.each([
    { words: [], addresses: ['00:14.0', '00:1f.3', '01:00.0', '01:00.1', '02:00.0', '06:00.0'] },
    { words: ['all'], addresses: ['00:14.0', '00:1f.3', '01:00.0', '01:00.1', '02:00.0', '06:00.0'] },
    { words: ['gpu'], addresses: ['01:00.0'] },
    { words: ['GPU'], addresses: ['01:00.0'] },
    { words: ['audio', 'nvme'], addresses: ['00:1f.3', '01:00.1', '02:00.0'] },
    { words: ['0000:01:00.0'], addresses: ['01:00.0'] },
    { words: ['01:00'], addresses: ['01:00.0', '01:00.1'] },
    { words: ['vfio-pci'], addresses: ['01:00.0', '01:00.1', '06:00.0'] },
    { words: ['10de:2684'], addresses: ['01:00.0'] },
    { words: ['1:00'], addresses: ['01:00.0', '01:00.1'] },
    { words: ['nonsense'], addresses: [] },
    { words: ['.0'], addresses: [] },
  ])('$words fits $addresses', ({ words, addresses }) => {
    expect(listed(words)).toEqual(addresses.map((address) => `0000:${address}`));
  });

  test('bridges are listed when they are asked for: all of them, by class, by address', () => {
    const all = WORKSTATION.devices.map(({ address }) => address);
    expect(listed([], true)).toEqual(all);
    expect(listed(['all'], true)).toEqual(all);
    expect(listed(['bridge'])).toEqual(
      WORKSTATION.devices.filter(({ class: code }) => code.startsWith('06')).map((d) => d.address),
    );
    expect(listed(['00:01.0'])).toEqual(['0000:00:01.0']);
  });

  test('names what shares the reset', () => {
    const [gpu] = listDevices(WORKSTATION, { words: ['gpu'], bridges: false });
    expect(gpu?.resetsWith).toEqual(['0000:01:00.1']);
  });
});

describe('askPlanner', () => {
  test.each(EXAMPLE_HOSTS)('%s: says of each device what a plan with this device says', (name) => {
    const host = withMemlock(exampleHost(name), 1n << 40n);
    for (const { address } of host.devices) {
      for (const { backend, usable } of askPlanner(address, host)) {
        const plan = planOf(`-m 1G -device vfio-pci,host=${address}`, host, { byDefault: backend, enabled: new Set(BACKENDS) });
        expect(plan.problems.some(({ severity }) => severity === 'error')).toBe(!usable);
      }
    }
  });

  test.each([
    { why: 'a host driver', host: exampleHost('unprepared'), address: '0000:06:00.0', code: 'NOT_BOUND' },
    { why: 'no IOMMU', host: exampleHost('no-iommu'), address: '0000:01:00.0', code: 'NO_IOMMU' },
    {
      why: 'a sibling on a host driver',
      host: withDevice(WORKSTATION, '0000:01:00.1', { driver: 'snd_hda_intel', cdev: null }),
      address: '0000:01:00.0',
      code: 'GROUP_NOT_VIABLE',
    },
    { why: 'interrupts', host: withoutIsolation(WORKSTATION), address: '0000:06:00.0', code: 'MSI_NOT_ISOLATED' },
    { why: 'being a bridge', host: WORKSTATION, address: '0000:00:01.0', code: 'NOT_BOUND' },
  ])('$why stands against both backends: $code', ({ host, address, code }) => {
    for (const { usable, problems } of askPlanner(address, host)) {
      expect(usable).toBe(false);
      expect(problems.map((problem) => problem.code)).toContain(code);
    }
  });

  test('a bridge is not to be bound', () => {
    const [answer] = askPlanner('0000:00:01.0', WORKSTATION);
    expect(answer?.problems[0]?.cause).toContain('is a PCI bridge');
    expect(answer?.problems.flatMap(({ fixes = [] }) => fixes).join()).not.toContain('driver_override');
  });

  test('a kernel without iommufd leaves type1, and the device can be passed', () => {
    const [device] = listDevices(exampleHost('stock-debian'), { words: ['gpu'], bridges: false });
    expect(device?.answers.map(({ backend, usable }) => [backend, usable])).toEqual([
      ['type1', true],
      ['iommufd', false],
    ]);
    expect(device !== undefined && isPassable(device)).toBe(true);
  });

  test('the limit for locked memory counts only where no guest at all would fit', () => {
    expect(askPlanner('0000:06:00.0', withMemlock(WORKSTATION, 8n << 20n)).map(({ usable }) => usable)).toEqual([true, true]);
  });
});
