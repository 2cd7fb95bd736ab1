import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, rmSync, statSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { attachSteps } from '../../../src/backends/attach-steps.ts';
import { ramStep } from '../../../src/backends/ram.ts';
import { VmattachError, type Problem } from '../../../src/errors/problem.ts';
import { createLinuxKernel } from '../../../src/kernel/linux/linux-kernel.ts';
import { BareMachine } from '../../../src/machine/bare-machine.ts';
import { attachHere, detachAll, openVfioFiles, planHere } from '../lib/attach.ts';
import { bindTo, bindToVfio, cdevOf, groupOf, readRoles, restoreDriver, unbind } from '../lib/host-devices.ts';
import { makeNode } from '../lib/nodes.ts';
import { vmLck, vmPin } from '../lib/process-memory.ts';

const { eduA, eduB, eduSpare, mixedEdu, mixedRng } = readRoles();
const kernel = createLinuxKernel();

const BACKENDS = [
  { backend: 'iommufd', objects: ['-object', 'iommufd,id=iommufd0'], link: ',iommufd=iommufd0' },
  { backend: 'type1', objects: [], link: '' },
] as const;

beforeAll(() => {
  for (const device of [eduA, eduB, mixedEdu]) bindToVfio(device);
});
afterAll(() => {
  for (const device of [eduA, eduB, mixedEdu]) restoreDriver(device);
  bindTo(mixedRng, 'virtio-pci');
});
afterEach(async () => {
  await Promise.all([...holders].map(end));
  await detachAll();
  expect(openVfioFiles()).toEqual([]);
  expect([vmPin(process.pid), vmLck(process.pid)]).toEqual([0, 0]);
});

/** What an attach is refused with, by the plan or by the kernel. */
const refusal = async (body: Promise<unknown>): Promise<Problem> => {
  try {
    await body;
  } catch (error) {
    if (error instanceof VmattachError) return error.problem;
    throw error;
  }
  throw new Error('it was attached');
};

const planned = (args: readonly string[]): Problem[] => planHere(args).plan.problems.filter(({ severity }) => severity === 'error');

const attachAndDetach = async (args: readonly string[]): Promise<void> => {
  const machine = await attachHere(kernel, args);
  await machine.detach();
};

const holders = new Set<ChildProcess>();

/** Another process with a file open, e.g. a group node. */
const holdOpen = async (node: string): Promise<ChildProcess> => {
  const fd = openSync(node, 'r+');
  const child = spawn('sleep', ['600'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
  await new Promise<void>((resolve) => child.once('spawn', () => resolve()));
  closeSync(fd);
  holders.add(child);
  return child;
};

const end = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    holders.delete(child);
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });

describe.each(BACKENDS)('through $backend', ({ backend, objects, link }) => {
  const launch = (address: string): string[] => [...objects, '-device', `vfio-pci,host=${address}${link}`];

  it('a sibling on a host driver: the plan names it, the kernel refuses, and without it the attach succeeds', async () => {
    bindTo(mixedRng, 'virtio-pci');
    const [problem] = planned(launch(mixedEdu));
    expect(problem).toMatchObject({ code: 'GROUP_NOT_VIABLE' });
    expect(problem?.cause).toContain(`${mixedRng}, which is bound to virtio-pci`);

    const unseen = attachHere(kernel, launch(mixedEdu), (facts) => ({
      ...facts,
      devices: facts.devices.map((device) => (device.address === mixedRng ? { ...device, driver: null } : device)),
    }));
    const met = await refusal(unseen);
    expect(met).toMatchObject({ code: 'GROUP_NOT_VIABLE' });
    expect(met.message).toContain(backend === 'type1' ? `group ${groupOf(mixedEdu)} is not viable` : 'error bind device fd=');
    expect(met.cause).toContain(`${mixedRng}, which is bound to virtio-pci`);

    unbind(mixedRng);
    await attachAndDetach(launch(mixedEdu));
  });

  it('a device that is not bound to vfio-pci is named with its driver and the command that binds it', async () => {
    const [problem] = planned(launch(eduSpare));
    expect(problem).toMatchObject({ code: 'NOT_BOUND' });
    expect(problem?.fixes).toEqual([`vmattach bind ${eduSpare}`]);
    await attachAndDetach(launch(eduA));
  });

  it('a group that another process has open is busy, and free again when that process ends', async () => {
    const holder = await holdOpen(`/dev/vfio/${groupOf(eduA)}`);
    const problem = await refusal(attachHere(kernel, launch(eduA)));
    expect(problem).toMatchObject({ code: 'BUSY' });
    expect(problem.cause).toContain(`process ${holder.pid} (sleep)`);
    await end(holder);
    await attachAndDetach(launch(eduA));
  });

  it('a failure of the last device takes back all others', async () => {
    const holder = await holdOpen(`/dev/vfio/${groupOf(eduB)}`);
    const both = [...launch(eduA), '-device', `vfio-pci,host=${eduB}${link}`];
    expect(await refusal(attachHere(kernel, both))).toMatchObject({ code: 'BUSY' });
    expect(openVfioFiles()).toEqual([]);
    await end(holder);
    await attachAndDetach(both);
  });

  it('guest RAM over the MSI window is refused before anything is mapped', async () => {
    const { plan, host } = planHere(launch(eduA));
    const [space] = plan.spaces;
    if (space === undefined) throw new Error('the plan has no address space');
    const sections = [{ iova: 0xfee0_0000n, size: 0x10_0000n, block: plan.ram.id, offset: 0n }];
    const steps = [ramStep(plan.ram), ...attachSteps({ ...space, sections })];
    const problem = await refusal(BareMachine.attach({ ...plan, steps }, kernel, host.reread));
    expect(problem).toMatchObject({ code: 'IOVA_RESERVED' });
    expect(problem.cause).toContain('0xfee00000-0xfeefffff');
    await attachAndDetach(launch(eduA));
  });
});

describe('iommufd', () => {
  const launch = ['-object', 'iommufd,id=iommufd0', '-device', `vfio-pci,host=${eduA},iommufd=iommufd0`];

  it('a missing cdev node is named; with the node back the attach succeeds', async () => {
    const node = cdevOf(eduA) ?? '';
    const device = statSync(node).rdev;
    rmSync(node);
    const [problem] = planned(launch);
    expect(problem).toMatchObject({ code: 'CDEV_MISSING' });
    expect(problem?.cause).toContain(node);
    makeNode(node, device);
    await attachAndDetach(launch);
  });

  it('a node with the wrong device number is refused', async () => {
    const node = cdevOf(eduA) ?? '';
    const device = statSync(node).rdev;
    rmSync(node);
    makeNode(node, statSync(cdevOf(eduB) ?? '').rdev);
    const problem = await refusal(attachHere(kernel, launch));
    expect(problem).toMatchObject({ code: 'CDEV_MISSING' });
    expect(problem.cause).toContain('sysfs says');
    rmSync(node);
    makeNode(node, device);
    await attachAndDetach(launch);
  });

  it('a cdev that another attach has bound is busy', async () => {
    const first = await attachHere(kernel, launch);
    const problem = await refusal(attachHere(kernel, launch));
    expect(problem.message).toContain('error bind device fd=');
    expect(problem.message).toContain('Invalid argument');
    await first.detach();
    await attachAndDetach(launch);
  });
});
