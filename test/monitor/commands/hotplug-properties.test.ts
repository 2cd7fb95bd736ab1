import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WORKSTATION } from '../../plan/hosts.ts';
import { MonitoredMachine } from './monitored-machine.ts';

const HOSTS = ['0000:06:00.0', '0000:01:00.0', '0000:01:00.1'];

interface Request {
  readonly execute: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const objectId = fc.constantFrom('i0', 'i1');
const deviceId = fc.constantFrom('a', 'b', 'c');

const objectAdd = objectId.map((id): Request => ({ execute: 'object-add', parameters: { 'qom-type': 'iommufd', id } }));
const objectDel = objectId.map((id): Request => ({ execute: 'object-del', parameters: { id } }));
const deviceAdd = fc
  .record({ id: deviceId, host: fc.constantFrom(...HOSTS), iommufd: fc.option(objectId, { nil: undefined }) })
  .map(({ id, host, iommufd }): Request => ({
    execute: 'device_add',
    parameters: { driver: 'vfio-pci', id, host, ...(iommufd !== undefined && { iommufd }) },
  }));
const deviceDel = deviceId.map((id): Request => ({ execute: 'device_del', parameters: { id } }));

const requests = fc.array(
  fc.oneof(objectAdd, objectDel, { arbitrary: deviceAdd, weight: 3 }, { arbitrary: deviceDel, weight: 2 }),
  {
    maxLength: 25,
  },
);

const groupOf = (host: string) => WORKSTATION.devices.find(({ address }) => address === host)?.group;

const named = (machine: MonitoredMachine, path: string) =>
  machine.live.plan.request.tree
    .children(path)
    .map(({ name }) => name)
    .toSorted();

/** What tree, plan and kernel say about the same things. */
const checkAgreement = (machine: MonitoredMachine): void => {
  const { plan } = machine.live;
  const devices = plan.devices.map(({ spec }) => spec.id ?? '');
  expect(named(machine, '/machine/peripheral')).toEqual(devices.toSorted());
  expect(named(machine, '/objects')).toEqual(['pc.ram', ...plan.request.objects.map(({ id }) => id)].toSorted());
  for (const host of HOSTS) {
    // A group is translated as a whole, so DMA works for all its devices.
    const isAttached = plan.devices.some(({ group }) => group === groupOf(host));
    expect([host, machine.kernel.dmaRead(host, 0n, new Uint8Array(8))]).toEqual([host, isAttached]);
  }
  for (const { id } of plan.request.objects) {
    const users = plan.devices.filter(({ object }) => object?.id === id).length;
    expect([id, plan.request.tree.get(`/objects/${id}`)?.users]).toEqual([id, users]);
  }
};

/** Whether a request must succeed, must fail, or depends on what the host allows (two devices of one group). */
const expectation = (machine: MonitoredMachine, { execute, parameters }: Request): 'succeeds' | 'fails' | 'depends' => {
  const { devices, request } = machine.live.plan;
  const hasObject = (id: string | undefined): boolean => request.objects.some((object) => object.id === id);
  const holds = (isTrue: boolean) => (isTrue ? 'succeeds' : 'fails');
  switch (execute) {
    case 'object-add':
      return holds(!hasObject(parameters['id']));
    case 'object-del':
      return holds(hasObject(parameters['id']) && !devices.some(({ object }) => object?.id === parameters['id']));
    case 'device_del':
      return holds(devices.some(({ spec }) => spec.id === parameters['id']));
    default: {
      const isTaken = devices.some(({ name, spec }) => name === parameters['host'] || spec.id === parameters['id']);
      const hasLink = parameters['iommufd'] === undefined || hasObject(parameters['iommufd']);
      return isTaken || !hasLink ? 'fails' : parameters['host'] === HOSTS[0] ? 'succeeds' : 'depends';
    }
  }
};

describe('any sequence of plugging and unplugging', () => {
  test('tree, plan and kernel agree after each command, a refused one changes nothing, and the end leaves nothing', async () => {
    await fc.assert(
      fc.asyncProperty(requests, async (sequence) => {
        const machine = await MonitoredMachine.start();
        for (const request of sequence) {
          const expected = expectation(machine, request);
          const before = machine.live.plan;
          const reply = await machine.run(request.execute, request.parameters);
          await machine.settle();
          const outcome = reply.error === undefined ? 'succeeds' : 'fails';
          if (expected !== 'depends') expect([request, outcome]).toEqual([request, expected]);
          if (outcome === 'fails') expect(machine.live.plan).toBe(before);
          checkAgreement(machine);
        }
        expect(await machine.end()).toEqual([]);
      }),
      { numRuns: 100 },
    );
  }, 30_000);

  test('commands that do not wait for an unplug to end leave the same agreement', async () => {
    await fc.assert(
      fc.asyncProperty(requests, async (sequence) => {
        const machine = await MonitoredMachine.start();
        for (const { execute, parameters } of sequence) await machine.run(execute, parameters);
        await machine.settle();
        checkAgreement(machine);
        const deleted = machine.names().filter((name) => name === 'DEVICE_DELETED').length;
        const attached = machine.names().filter((name) => name === 'VMATTACH_DEVICE_ATTACHED').length;
        expect(attached - deleted).toBe(machine.live.plan.devices.length);
        expect(await machine.end()).toEqual([]);
      }),
      { numRuns: 100 },
    );
  }, 30_000);
});
