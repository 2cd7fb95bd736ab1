import { describe, expect, it } from 'vitest';
import { bindingFactsOfModel } from '../../src/binding/binding-facts.ts';
import { planRelease } from '../../src/binding/plan-release.ts';
import { shellLine } from '../../src/binding/run-writes.ts';
import type { UndoRecord } from '../../src/binding/undo-record.ts';
import { BRIDGE, facts, host, NAMED, SIBLING } from './hosts.ts';

const BOUND = { override: 'vfio-pci' } as const;
const TAKEN = [BRIDGE, { ...NAMED, driver: 'vfio-pci' }, { ...SIBLING, driver: 'vfio-pci' }];
const TAKEN_FACTS = facts(TAKEN, { [NAMED.address]: BOUND, [SIBLING.address]: BOUND });

const record = (address: string, driver: string | null, driverOverride: string | null = null): UndoRecord => ({
  address,
  driver,
  driverOverride,
  boundTo: 'vfio-pci',
});

const records = (...list: UndoRecord[]): ReadonlyMap<string, UndoRecord> => new Map(list.map((one) => [one.address, one]));

const request = { devices: [NAMED.address], onlyNamed: false };

describe('planRelease', () => {
  it('with records, gives the whole group back: a device without driver gets none, the other exactly its own', () => {
    const plan = planRelease(TAKEN_FACTS, request, records(record(NAMED.address, null), record(SIBLING.address, 'virtio-pci')));
    expect(plan.writes.map(shellLine)).toEqual([
      'echo 0000:02:01.0 > /sys/bus/pci/devices/0000:02:01.0/driver/unbind',
      'echo > /sys/bus/pci/devices/0000:02:01.0/driver_override',
      'echo 0000:02:02.0 > /sys/bus/pci/devices/0000:02:02.0/driver/unbind',
      'echo > /sys/bus/pci/devices/0000:02:02.0/driver_override',
      'echo 0000:02:02.0 > /sys/bus/pci/drivers/virtio-pci/bind',
    ]);
    expect(plan).toMatchObject({ problems: [], released: [NAMED.address, SIBLING.address], modules: [] });
  });

  it('a driver that matches by override only is bound under one, and the former override comes back', () => {
    const plan = planRelease(
      facts([{ ...NAMED, driver: 'vfio-pci' }], { [NAMED.address]: BOUND }),
      request,
      records(record(NAMED.address, 'pci-stub')),
    );
    expect(plan.writes.map(({ kind, value }) => `${kind} ${value}`)).toEqual([
      'unbind 0000:02:01.0',
      'override pci-stub',
      'bind 0000:02:01.0',
      'override ',
    ]);
  });

  it('a former driver that is not there any more is loaded first', () => {
    expect(planRelease(TAKEN_FACTS, request, records(record(NAMED.address, 'snd_hda_intel'))).modules).toEqual(['snd_hda_intel']);
  });

  it('without records, the kernel chooses for the whole group, and it is said', () => {
    const plan = planRelease(TAKEN_FACTS, request, records());
    expect(plan.members.map(({ reason }) => reason)).toEqual(['bridge', 'reprobed', 'reprobed']);
    expect(plan.problems.map(({ severity }) => severity)).toEqual(['warning', 'warning']);
    expect(plan.writes.slice(0, 3).map(shellLine)).toEqual([
      'echo > /sys/bus/pci/devices/0000:02:01.0/driver_override',
      'echo 0000:02:01.0 > /sys/bus/pci/devices/0000:02:01.0/driver/unbind',
      'echo 0000:02:01.0 > /sys/bus/pci/drivers_probe',
    ]);
  });

  it('a sibling that the bind has not touched stays on vfio', () => {
    const plan = planRelease(TAKEN_FACTS, request, records(record(NAMED.address, null)));
    expect(plan.members[2]).toMatchObject({ reason: 'not bound by vmattach', target: undefined });
    expect(plan.writes.every(({ address }) => address === NAMED.address)).toBe(true);
  });

  it('only-named leaves the sibling and its record', () => {
    const both = records(record(NAMED.address, null), record(SIBLING.address, 'virtio-pci'));
    const plan = planRelease(TAKEN_FACTS, { ...request, onlyNamed: true }, both);
    expect(plan.released).toEqual([NAMED.address]);
    expect(plan.writes.every(({ address }) => address === NAMED.address)).toBe(true);
  });

  it('a device that is not bound has nothing to give back; a stale record goes', () => {
    const plan = planRelease(facts([{ ...NAMED, driver: 'e1000e' }]), request, records(record(NAMED.address, 'nvme')));
    expect(plan).toMatchObject({ writes: [], problems: [], released: [NAMED.address] });
  });

  it('a device that a process has open is refused', () => {
    const nodes = { '/dev/vfio/5': { device: '243:0', mode: '0600', uid: 0, gid: 0, heldBy: { pid: 9, command: 'qemu' } } };
    const held = facts(TAKEN, { [NAMED.address]: BOUND }, { nodes });
    expect(planRelease(held, { ...request, onlyNamed: true }, records())).toMatchObject({
      writes: [],
      released: [],
      problems: [{ code: 'BUSY', severity: 'error' }, { severity: 'warning' }],
    });
  });

  it('from a host model, an override is taken for granted', () => {
    const plan = planRelease(bindingFactsOfModel(host(TAKEN)), { ...request, onlyNamed: true }, records());
    expect(plan.writes.map(({ kind }) => kind)).toEqual(['override', 'unbind', 'probe']);
  });
});
