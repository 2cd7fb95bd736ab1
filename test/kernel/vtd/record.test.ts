import { writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bindToVfio, driverOf, readRoles, restoreDriver } from '../lib/host-devices.ts';
import { startProgram } from '../lib/program.ts';
import { runSubcommand, type Answer } from '../lib/subcommand.ts';

const { eduA, eduB, sharedA, mixedEdu, flrA, flrD, e1000e } = readRoles();

const BOUND = [eduA, sharedA, mixedEdu, flrA];

beforeAll(() => {
  for (const address of BOUND) bindToVfio(address);
});
afterAll(() => {
  for (const address of BOUND) restoreDriver(address);
});

const IOMMUFD = ['-object', 'iommufd,id=i'];

const record = async (): Promise<string> => {
  const { status, stdout, stderr } = await runSubcommand(['record']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'record-')), 'host.json');
  writeFileSync(file, stdout);
  return file;
};

const plan = (args: readonly string[]): Promise<Answer> =>
  runSubcommand(['plan', '--format', 'json', '-machine', 'bare', '-m', '64M', ...args]);

describe('record', () => {
  it.each([
    { what: 'type1', args: ['-device', `vfio-pci,host=${eduA}`] },
    { what: 'iommufd', args: [...IOMMUFD, '-device', `vfio-pci,host=${flrA},iommufd=i`] },
    { what: 'prefer-iommufd', args: ['--default-backend', 'prefer-iommufd', '-device', `vfio-pci,host=${eduA}`] },
    { what: 'by sysfs path', args: ['-device', `vfio-pci,sysfsdev=/sys/bus/pci/devices/${eduA}`] },
    { what: 'a device that is not bound', args: ['-device', `vfio-pci,host=${eduB}`, '-device', `vfio-pci,host=${e1000e}`] },
    { what: 'a group that is not viable', args: [...IOMMUFD, '-device', `vfio-pci,host=${mixedEdu},iommufd=i`] },
    { what: 'half a group', args: ['-device', `vfio-pci,host=${sharedA}`] },
    { what: 'no such device', args: ['-device', 'vfio-pci,host=7f:00.0'] },
    { what: 'too much RAM for the limit of nobody', args: ['-m', '1024G', '-device', `vfio-pci,host=${eduA}`] },
  ])('a plan on the record is the plan on the host, byte for byte: $what', async ({ args }) => {
    const file = await record();
    expect(await plan(['--host-model', file, ...args])).toEqual(await plan(args));
  });

  it('has the process that holds a device', async () => {
    const args = ['-device', `vfio-pci,host=${eduA}`];
    const holder = startProgram(['-m', '64M', ...args]);
    await holder.printed('1 device attached');
    const file = await record();
    const here = await plan(args);
    expect(here.stdout).toContain(`process ${holder.pid}`);
    expect(await plan(['--host-model', file, ...args])).toEqual(here);
    holder.child.kill('SIGTERM');
    await holder.ended;
  });

  it('a launch on the record is simulated', async () => {
    const file = await record();
    const args = ['--host-model', file, '--check', '-machine', 'bare', '-m', '64M', ...IOMMUFD];
    const { status, stdout } = await runSubcommand([...args, '-device', `vfio-pci,host=${eduA},iommufd=i`]);
    expect(stdout).toContain('1 device attached');
    expect(status).toBe(0);
  });
});

describe('a host whose devices come and go', () => {
  const removeAndRescan = async (until: () => boolean): Promise<number> => {
    let removals = 0;
    while (!until()) {
      writeFileSync(`/sys/bus/pci/devices/${flrD}/remove`, '1');
      removals += 1;
      await setTimeout(3);
      writeFileSync('/sys/bus/pci/rescan', '1');
      await setTimeout(3);
    }
    return removals;
  };

  it.each([
    { command: 'devices', args: ['devices', '--all'], statuses: [0] },
    { command: 'record', args: ['record'], statuses: [0] },
    { command: 'doctor', args: ['doctor', '-machine', 'bare', '-device', `vfio-pci,host=${flrD}`], statuses: [1] },
    { command: 'plan', args: ['plan', '-machine', 'bare', '-device', `vfio-pci,host=${flrD}`], statuses: [1] },
  ])('$command reports, and does not crash', async ({ args, statuses }) => {
    let done = false;
    const removing = removeAndRescan(() => done);
    const answers: Answer[] = [];
    try {
      for (let round = 0; round < 8; round += 1) answers.push(await runSubcommand(args));
    } finally {
      done = true;
    }
    expect(await removing).toBeGreaterThan(8);
    for (const { status, stderr } of answers) {
      expect(statuses).toContain(status);
      expect(stderr).not.toContain('internal error');
      expect(stderr.split('\n').filter((line) => line !== '' && !line.includes('warning: '))).toEqual([]);
    }
    expect(driverOf(flrD)).toBe('virtio-pci');
  });
});
