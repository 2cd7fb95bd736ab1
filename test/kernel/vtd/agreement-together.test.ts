import { chmodSync, rmSync, statSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ProblemCode } from '../../../src/errors/codes.ts';
import { createLinuxKernel } from '../../../src/kernel/linux/linux-kernel.ts';
import { expectAgreedLaunch, refusal } from '../lib/agreement.ts';
import { attachAnyway, attachHere, detachAll, openVfioFiles, planHere } from '../lib/attach.ts';
import { bindToVfio, readRoles, restoreDriver } from '../lib/host-devices.ts';
import { makeNode } from '../lib/nodes.ts';
import { vmLck, vmPin } from '../lib/process-memory.ts';
import { startProgram, type Running } from '../lib/program.ts';

const { eduA, eduB, sharedA, sharedB } = readRoles();
const BOUND = [eduA, eduB, sharedA, sharedB];
const kernel = createLinuxKernel();
const SYSFS = '/sys/bus/pci/devices';
const MIB = 1024 * 1024;

const OBJECTS = ['iommufd,id=i', 'iommufd,id=j', 'iommufd,id=c,compat=type1v2'].flatMap((object) => ['-object', object]);

/** A device by any name, attached through the object, or through type1. */
const device = (name: string, object?: string): string[] => [
  '-device',
  `vfio-pci,${name}${object === undefined ? '' : `,iommufd=${object}`}`,
];

beforeAll(() => BOUND.forEach(bindToVfio));
afterAll(() => BOUND.forEach(restoreDriver));

const others = new Set<Running>();
const end = async (other: Running): Promise<void> => {
  others.delete(other);
  other.child.kill('SIGTERM');
  expect((await other.ended).status).toBe(0);
};
afterEach(async () => {
  await detachAll();
  await Promise.all([...others].map(end));
  expect(openVfioFiles()).toEqual([]);
});

const errors = (args: readonly string[]) =>
  planHere(args, undefined, { holders: true }).plan.problems.filter(({ severity }) => severity === 'error');

/** The plan refuses; the kernel does too if the steps are run anyway, and nothing is left. */
const expectRefusal = async (args: readonly string[], code: ProblemCode): Promise<string | undefined> => {
  const planned = errors(args);
  expect(planned.map((problem) => problem.code)).toEqual([code]);
  const met = await refusal(attachAnyway(kernel, args));
  expect(met.severity).toBe('error');
  expect(openVfioFiles()).toEqual([]);
  return planned[0]?.cause;
};

describe('one group in two address spaces', () => {
  it.each([
    ['type1 and iommufd', undefined, 'i'],
    ['two iommufd objects', 'i', 'j'],
    ['iommufd and its compat layer', 'i', 'c'],
    ['type1 and the compat layer', undefined, 'c'],
  ])('%s: both refuse; in one address space it works', async (_what, first, second) => {
    const split = [...OBJECTS, ...device(`host=${sharedA}`, first), ...device(`host=${sharedB}`, second)];
    expect(await expectRefusal(split, 'GROUP_SPLIT')).toContain(sharedA);
    await expectAgreedLaunch(kernel, [...OBJECTS, ...device(`host=${sharedA}`, second), ...device(`host=${sharedB}`, second)]);
  });
});

describe('the same device twice, by address and by path', () => {
  const twice = (object?: string): string[] => [
    ...OBJECTS,
    ...device(`host=${eduA}`, object),
    ...device(`sysfsdev=${SYSFS}/${eduA}`, object),
  ];
  const FIRST = '/machine/peripheral-anon/device[0] is the same host device';

  it('through iommufd: both refuse', async () => {
    expect(await expectRefusal(twice('i'), 'DUPLICATE_DEVICE')).toContain(FIRST);
  });

  // A group hands out as many fds of a device as are asked for; it is QEMU that refuses there.
  it.each([
    ['type1', undefined],
    ['iommufd-compat', 'c'],
  ])('through %s: the plan refuses what the kernel would allow', (_backend, object) => {
    expect(errors(twice(object))).toMatchObject([{ code: 'DUPLICATE_DEVICE', cause: expect.stringContaining(FIRST) }]);
  });
});

describe('a device that another VM has', () => {
  const BACKENDS = [
    ['type1', undefined],
    ['iommufd', 'i'],
    ['iommufd-compat', 'c'],
  ] as const;
  const pairs = BACKENDS.flatMap(([holder, held]) => BACKENDS.map(([mine, object]) => ({ holder, held, mine, object })));

  it.each(pairs)('held through $holder, wanted through $mine', async ({ held, object }) => {
    const other = startProgram(['-m', '16M', ...OBJECTS, ...device(`host=${eduA}`, held)]);
    others.add(other);
    await other.printed('1 device attached');
    const wanted = [...OBJECTS, ...device(`host=${eduA}`, object)];
    const planned = errors(wanted);
    expect(planned.map(({ code }) => code)).toEqual(['BUSY']);
    const met = await refusal(attachHere(kernel, wanted));
    expect(met).toMatchObject({ code: 'BUSY', subject: planned[0]?.subject });
    for (const { cause } of [met, ...planned]) expect(cause).toContain(`process ${other.pid} (vmattach)`);
    await end(other);
    await expectAgreedLaunch(kernel, wanted);
  });
});

it('RAM that the plan says is mapped twice is charged twice', async () => {
  const args = [...OBJECTS, ...device(`host=${eduA}`, 'i'), ...device(`host=${eduB}`, 'j')];
  const { plan } = planHere(args);
  expect(plan.problems.map(({ code, severity }) => [code, severity])).toEqual([['DOUBLE_MAP', 'warning']]);
  const machine = await attachHere(kernel, args);
  expect([vmPin(process.pid), vmLck(process.pid)]).toContain(2 * 64 * MIB);
  await machine.detach();
  expect([vmPin(process.pid), vmLck(process.pid)]).toEqual([0, 0]);
});

describe('prefer-iommufd', () => {
  const args = ['--default-backend', 'prefer-iommufd', ...device(`host=${eduA}`)];

  it('takes iommufd where it can be opened, and says why', async () => {
    const { plan } = planHere(args);
    expect(plan.devices[0]).toMatchObject({ backend: 'iommufd' });
    expect(plan.devices[0]?.reason).toContain('/dev/iommu');
    await expectAgreedLaunch(kernel, args);
  });

  it('takes type1 where it cannot, and says why', async () => {
    const { rdev, mode } = statSync('/dev/iommu');
    rmSync('/dev/iommu');
    try {
      const { plan } = planHere(args);
      expect(plan.devices[0]).toMatchObject({ backend: 'type1' });
      expect(plan.devices[0]?.reason).toContain('/dev/iommu does not exist');
      await expectAgreedLaunch(kernel, args);
    } finally {
      makeNode('/dev/iommu', rdev);
      chmodSync('/dev/iommu', mode & 0o777);
    }
  });
});
