import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BindingPlan } from '../../src/binding/binding-plan.ts';
import { planBinding } from '../../src/binding/plan-binding.ts';
import { planRelease } from '../../src/binding/plan-release.ts';
import { runWrites } from '../../src/binding/run-writes.ts';
import { VmattachError, type Problem } from '../../src/errors/problem.ts';
import type { PciDeviceFacts } from '../../src/host/model.ts';
import { FakeBus, systemError, type FakeBusOptions } from './fake-bus.ts';
import { card, facts, host, NAMED, SIBLING } from './hosts.ts';

const REQUEST = { devices: [NAMED.address], driver: 'vfio-pci', others: 'vfio-pci', onlyNamed: false, force: false };

const planOf = (devices: readonly PciDeviceFacts[], driver = 'vfio-pci'): BindingPlan =>
  planBinding(facts(devices), { ...REQUEST, driver }, new Map());

const busOf = (devices: readonly PciDeviceFacts[], options?: FakeBusOptions): FakeBus =>
  new FakeBus(
    devices.map(({ address, driver }) => ({ address, driver, override: null, native: driver })),
    options,
  );

const PAIR = [NAMED, SIBLING];

const refusal = async (body: Promise<void>): Promise<Problem> => {
  try {
    await body;
  } catch (error) {
    if (error instanceof VmattachError) return error.problem;
    throw error;
  }
  throw new Error('it was done');
};

describe('runWrites', () => {
  it('does what the plan says', async () => {
    const bus = busOf(PAIR);
    await runWrites(planOf(PAIR).writes, bus, host(PAIR));
    expect(bus.state()).toEqual([
      [NAMED.address, 'vfio-pci', 'vfio-pci'],
      [SIBLING.address, 'vfio-pci', 'vfio-pci'],
    ]);
  });

  it.each([
    { errno: 'EINVAL', device: NAMED, code: 'NOT_BOUND', text: 'Invalid argument', cause: 'coherent' },
    {
      errno: 'EINVAL',
      device: { ...NAMED, vendor: '8086', device: '0435' },
      code: 'NOT_BOUND',
      text: 'Invalid argument',
      cause: 'denylist',
    },
    { errno: 'EBUSY', device: NAMED, code: 'BUSY', text: 'Resource busy or locked', cause: 'group 5 is owned' },
    { errno: 'ENODEV', device: NAMED, code: 'NOT_BOUND', text: 'No such device', cause: 'is not a driver for 8086:10d3' },
  ] as const)(
    'a probe that fails with $errno ($cause) is noticed and everything is taken back',
    async ({ errno, device, code, text, cause }) => {
      const devices = [device, SIBLING];
      const bus = busOf(devices, { refuses: (_, address) => (address === NAMED.address ? errno : undefined) });
      const before = bus.state();
      const problem = await refusal(runWrites(planOf(devices).writes, bus, host(devices)));
      expect(problem).toMatchObject({ code, subject: NAMED.address, message: `vfio-pci did not take the device: ${text}` });
      expect(problem.cause).toContain(cause);
      expect(problem.fixes).not.toEqual([]);
      expect(bus.state()).toEqual(before);
    },
  );

  it.each([
    { errno: 'EACCES', code: 'PERMISSION', cause: 'only root may change drivers' },
    { errno: 'EROFS', code: 'PERMISSION', cause: 'sysfs is mounted read-only here, as in most containers' },
    { errno: 'ENOENT', code: 'NO_SUCH_DEVICE', cause: 'the device went away' },
  ] as const)('a write that fails with $errno is $code', async ({ errno, code, cause }) => {
    const bus = busOf(PAIR, {
      beforeWrite: (_, path) => {
        if (path.endsWith('driver_override')) throw systemError(errno);
      },
    });
    const problem = await refusal(runWrites(planOf(PAIR).writes, bus, host(PAIR)));
    expect(problem.code).toBe(code);
    expect(problem.cause).toContain(cause);
  });

  it('what cannot be taken back is named, as lines to paste', async () => {
    const bus = busOf(PAIR, {
      refuses: (driver, address) => (driver === 'virtio-pci' || address === NAMED.address ? 'EBUSY' : undefined),
    });
    const problem = await refusal(runWrites(planOf(PAIR).writes, bus, host(PAIR)));
    expect(problem.cause).toMatch(/; and not everything could be taken back$/);
    expect(problem.fixes?.at(-1)).toBe('echo 0000:02:02.0 > /sys/bus/pci/drivers/virtio-pci/bind');
  });

  it('a write without effect is a failure', async () => {
    const bus = busOf(PAIR);
    const deaf = { ...bus, override: () => 'other' };
    const problem = await refusal(runWrites(planOf(PAIR).writes, deaf, host(PAIR)));
    expect(problem.code).toBe('SYSTEM_CALL');
    expect(problem.cause).toContain('other is found there instead of vfio-pci');
  });
});

const STATES = [
  { driver: null, override: null },
  { driver: 'virtio-pci', override: null },
  { driver: 'virtio-pci', override: 'virtio-pci' },
  { driver: 'e1000e', override: 'vfio-pci' },
  { driver: null, override: 'vfio-pci' },
] as const;

const someDevices = fc.array(fc.constantFrom(...STATES), { minLength: 1, maxLength: 4 });

const setUp = (states: readonly (typeof STATES)[number][]) => {
  const devices = states.map(({ driver }, index) => card(`0000:03:00.${index}`, { driver }));
  const overrides = Object.fromEntries(
    devices.map(({ address }, index) => [address, { override: states[index]?.override ?? null }]),
  );
  const bound = facts(devices, overrides);
  const plan = planBinding(bound, { ...REQUEST, devices: ['0000:03:00.0'] }, new Map());
  const fakes = devices.map(({ address, driver }, index) => ({
    address,
    driver,
    override: states[index]?.override ?? null,
    native: driver,
  }));
  return { devices, plan, fakes };
};

describe('runWrites, whatever the devices were before', () => {
  it('a write that fails once, at any place, leaves everything as it was', async () => {
    await fc.assert(
      fc.asyncProperty(someDevices, fc.nat(12), async (states, place) => {
        const { devices, plan, fakes } = setUp(states);
        fc.pre(place < plan.writes.length);
        const bus = new FakeBus(fakes, {
          beforeWrite: (index) => {
            if (index === place) failed();
          },
        });
        let failures = 0;
        const failed = (): void => {
          failures += 1;
          if (failures === 1) throw systemError('EBUSY');
        };
        const before = bus.state();
        await refusal(runWrites(plan.writes, bus, host(devices)));
        expect(bus.state()).toEqual(before);
      }),
    );
  });

  it('a signal between any two writes leaves everything as it was and is passed on', async () => {
    await fc.assert(
      fc.asyncProperty(someDevices, fc.nat(12), async (states, place) => {
        const { devices, plan, fakes } = setUp(states);
        fc.pre(place < plan.writes.length - 1);
        const controller = new AbortController();
        const bus = new FakeBus(fakes, {
          beforeWrite: (index) => {
            if (index === place) controller.abort(new Error('stopped'));
          },
        });
        const before = bus.state();
        await expect(runWrites(plan.writes, bus, host(devices), controller.signal)).rejects.toThrow('stopped');
        expect(bus.state()).toEqual(before);
      }),
    );
  });

  it('unbind gives back what bind has taken', async () => {
    await fc.assert(
      fc.asyncProperty(someDevices, async (states) => {
        const { devices, plan, fakes } = setUp(states);
        const bus = new FakeBus(fakes);
        const before = bus.state();
        await runWrites(plan.writes, bus, host(devices));
        const taken = devices.map((device) => ({ ...device, driver: bus.driver(device.address) }));
        const overrides = Object.fromEntries(taken.map(({ address }) => [address, { override: bus.override(address) }]));
        const records = new Map(plan.records.map((record) => [record.address, record]));
        const release = planRelease(facts(taken, overrides), { devices: ['0000:03:00.0'], onlyNamed: false }, records);
        await runWrites(release.writes, bus, host(taken));
        expect(bus.state()).toEqual(before);
      }),
    );
  });
});
