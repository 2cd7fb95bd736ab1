import { describe, expect, it } from 'vitest';
import { bindingFactsOfModel } from '../../src/binding/binding-facts.ts';
import { planBinding, type BindRequest } from '../../src/binding/plan-binding.ts';
import { shellLine } from '../../src/binding/run-writes.ts';
import type { UndoRecord } from '../../src/binding/undo-record.ts';
import { BRIDGE, card, facts, host, MIXED_GROUP, NAMED, SIBLING } from './hosts.ts';

const request = (changes: Partial<BindRequest> = {}): BindRequest => ({
  devices: [NAMED.address],
  driver: 'vfio-pci',
  others: 'vfio-pci',
  onlyNamed: false,
  force: false,
  ...changes,
});

const NO_RECORDS = new Map<string, UndoRecord>();

describe('planBinding: which members move', () => {
  it('takes the whole group: the sibling on a host driver first, the bridge stays', () => {
    const plan = planBinding(facts(MIXED_GROUP), request(), NO_RECORDS);
    expect(plan.members.map(({ device, reason, target }) => [device.address, reason, target])).toEqual([
      [BRIDGE.address, 'bridge', undefined],
      [NAMED.address, 'named', { driver: 'vfio-pci' }],
      [SIBLING.address, 'sibling', { driver: 'vfio-pci' }],
    ]);
    expect(plan.writes.map(shellLine)).toEqual([
      'echo vfio-pci > /sys/bus/pci/devices/0000:02:02.0/driver_override',
      'echo 0000:02:02.0 > /sys/bus/pci/devices/0000:02:02.0/driver/unbind',
      'echo 0000:02:02.0 > /sys/bus/pci/drivers_probe',
      'echo vfio-pci > /sys/bus/pci/devices/0000:02:01.0/driver_override',
      'echo 0000:02:01.0 > /sys/bus/pci/drivers_probe',
    ]);
    expect(plan.problems).toEqual([]);
    expect(plan.records).toEqual([
      { address: SIBLING.address, driver: 'virtio-pci', driverOverride: null, boundTo: 'vfio-pci' },
      { address: NAMED.address, driver: null, driverOverride: null, boundTo: 'vfio-pci' },
    ]);
  });

  it.each([
    { name: 'a driverless sibling', driver: null, reason: 'no driver' },
    { name: 'a sibling on vfio-pci', driver: 'vfio-pci', reason: 'bound already' },
    { name: 'a sibling on a variant driver', driver: 'mlx5_vfio_pci', reason: 'bound already' },
    { name: 'a sibling on pci-stub', driver: 'pci-stub', reason: 'no harm' },
    { name: 'a sibling on pcieport', driver: 'pcieport', reason: 'no harm' },
  ])('$name stays', ({ driver, reason }) => {
    const plan = planBinding(facts([NAMED, { ...SIBLING, driver }]), request(), NO_RECORDS);
    expect(plan.members[1]).toMatchObject({ reason, target: undefined });
    expect(plan.writes.every(({ address }) => address === NAMED.address)).toBe(true);
  });

  it('others pci-stub: the sibling goes there, a variant driver is for the named device alone', () => {
    const plan = planBinding(facts(MIXED_GROUP), request({ driver: 'mlx5_vfio_pci', others: 'pci-stub' }), NO_RECORDS);
    expect(plan.records.map(({ address, boundTo }) => [address, boundTo])).toEqual([
      [SIBLING.address, 'pci-stub'],
      [NAMED.address, 'mlx5_vfio_pci'],
    ]);
    expect(plan.modules).toEqual(['mlx5_vfio_pci']);
  });

  it('only-named: the sibling stays, and that the group will not be viable is said', () => {
    const plan = planBinding(facts(MIXED_GROUP), request({ onlyNamed: true }), NO_RECORDS);
    expect(plan.writes.map(({ address }) => address)).toEqual([NAMED.address, NAMED.address]);
    expect(plan.problems).toMatchObject([{ code: 'GROUP_NOT_VIABLE', severity: 'warning', message: 'group 5 will not be viable' }]);
    expect(plan.problems[0]?.cause).toBe('0000:02:02.0 stays on virtio-pci');
  });

  it('a device that is bound already needs nothing', () => {
    const plan = planBinding(
      facts([card('0000:01:00.0', { driver: 'vfio-pci' })]),
      request({ devices: ['0000:01:00.0'] }),
      NO_RECORDS,
    );
    expect(plan).toMatchObject({ writes: [], records: [], problems: [], modules: [] });
  });

  it('an override that is there already is not written again', () => {
    const plan = planBinding(facts([NAMED], { [NAMED.address]: { override: 'vfio-pci' } }), request(), NO_RECORDS);
    expect(plan.writes.map(({ kind }) => kind)).toEqual(['probe']);
    expect(plan.records[0]?.driverOverride).toBe('vfio-pci');
  });

  it('a record of an earlier bind stays; one that somebody has overtaken does not', () => {
    const record: UndoRecord = { address: NAMED.address, driver: 'nvme', driverOverride: null, boundTo: 'vfio-pci' };
    const records = new Map([[NAMED.address, record]]);
    const bound = { ...NAMED, driver: 'vfio-pci' };
    const again = planBinding(facts([bound]), request({ driver: 'pci-stub' }), records);
    expect(again.records).toEqual([{ ...record, boundTo: 'pci-stub' }]);
    const overtaken = planBinding(facts([{ ...NAMED, driver: 'e1000e' }]), request(), records);
    expect(overtaken.records).toEqual([{ ...record, driver: 'e1000e' }]);
  });
});

describe('planBinding: what is refused', () => {
  const alone = (changes: Parameters<typeof card>[1]) => card('0000:01:00.0', changes);
  const only = request({ devices: ['0000:01:00.0'] });

  it.each([
    { name: 'a bridge', device: alone({ class: '060400' }), code: 'VALUE_INVALID', message: 'a bridge cannot be passed through' },
    { name: 'a device without IOMMU group', device: alone({ group: null }), code: 'NO_IOMMU', message: 'Invalid argument' },
    {
      name: 'a physical function with VFs',
      device: alone({ enabledVfs: 2 }),
      code: 'BUSY',
      message: 'virtual functions are enabled: Device or resource busy',
    },
  ])('$name: nothing is written, forced or not', ({ device, code, message }) => {
    for (const force of [false, true]) {
      const plan = planBinding(facts([device]), { ...only, force }, NO_RECORDS);
      expect(plan).toMatchObject({ writes: [], records: [], modules: [] });
      expect(plan.problems).toMatchObject([{ code, severity: 'error', subject: '0000:01:00.0' }]);
      expect(plan.problems[0]?.message).toContain(message);
      expect(plan.problems[0]?.fixes).not.toEqual([]);
    }
  });

  it.each([
    { name: 'pci-stub needs no IOMMU', changes: {}, driver: 'pci-stub' },
    {
      name: 'vfio-pci does not in no-IOMMU mode',
      changes: { modules: { vfio: { parameters: { enable_unsafe_noiommu_mode: 'Y' } } } },
      driver: 'vfio-pci',
    },
  ])('$name', ({ changes, driver }) => {
    const plan = planBinding(facts([alone({ group: null })], {}, changes), { ...only, driver }, NO_RECORDS);
    expect(plan.problems).toEqual([]);
    expect(plan.writes).not.toEqual([]);
  });

  it.each([
    { force: false, severity: 'error', writes: 0 },
    { force: true, severity: 'warning', writes: 3 },
  ] as const)('a sibling that the host uses: $severity with force $force', ({ force, severity, writes }) => {
    const used = { [SIBLING.address]: { uses: [{ level: 'refuse', what: 'vda1 is mounted at /' }] } } as const;
    const plan = planBinding(facts(MIXED_GROUP, used), request({ force }), NO_RECORDS);
    expect(plan.problems).toMatchObject([{ code: 'BUSY', severity, subject: SIBLING.address, cause: 'vda1 is mounted at /' }]);
    expect(plan.writes.filter(({ address }) => address === SIBLING.address)).toHaveLength(writes);
  });

  it('a use that is only worth a warning does not stop it; one of a device that stays is not said', () => {
    const uses = [{ level: 'warn', what: 'keyboard "K" is connected to it' }] as const;
    const states = { [NAMED.address]: { uses }, [BRIDGE.address]: { uses: [{ level: 'refuse', what: 'x' }] } } as const;
    const plan = planBinding(facts(MIXED_GROUP, states), request(), NO_RECORDS);
    expect(plan.problems).toMatchObject([{ severity: 'warning', subject: NAMED.address }]);
    expect(plan.writes).not.toEqual([]);
  });

  it('a device that a process has open through vfio: the kernel would wait for it, so it is refused even by force', () => {
    const device = alone({ driver: 'vfio-pci', cdev: { name: 'vfio0', device: '511:0' } });
    const node = { device: '243:0', mode: '0600', uid: 0, gid: 0, heldBy: { pid: 7, command: 'qemu' } };
    for (const nodes of [{ '/dev/vfio/1': node }, { '/dev/vfio/devices/vfio0': node }]) {
      const plan = planBinding(facts([device], {}, { nodes }), { ...only, driver: 'pci-stub', force: true }, NO_RECORDS);
      expect(plan).toMatchObject({ writes: [], problems: [{ code: 'BUSY', severity: 'error' }] });
      expect(plan.problems[0]?.cause).toContain('process 7 (qemu)');
    }
  });
});

describe('planBinding from a host model', () => {
  it('a driver that the model does not know of is loaded first', () => {
    const plan = planBinding(bindingFactsOfModel(host(MIXED_GROUP)), request(), NO_RECORDS);
    expect(plan.modules).toEqual(['vfio-pci']);
    expect(plan.writes).toHaveLength(5);
  });
});
