import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readHostFacts } from '../../../src/host/linux-facts.ts';
import { bindToVfio, readRoles, restoreDriver } from '../lib/host-devices.ts';
import { startProgram } from '../lib/program.ts';
import { runSubcommand, type Answer } from '../lib/subcommand.ts';

const { eduA, eduB, eduSpare, sharedA, mixedEdu, flrA, e1000e } = readRoles();

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
  let recorded: string | undefined;
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
    recorded ??= await record();
    const file = recorded;
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
  const device = `/sys/bus/pci/devices/${eduSpare}`;
  /** Says a word after each removal; ends with the device in place when the file in $0 is there. */
  const script = `while [ ! -e "$0" ]; do echo 1 > ${device}/remove; echo gone; sleep 0.05; echo 1 > /sys/bus/pci/rescan; sleep 0.05; done`;

  /** Runs `body` while a process removes the device and finds it again, over and over. @returns how many times it was removed */
  const whileRemoving = async (body: () => Promise<void>): Promise<number> => {
    const stop = path.join(mkdtempSync(path.join(tmpdir(), 'removing-')), 'stop');
    const child = spawn('sh', ['-c', script, stop], { stdio: ['ignore', 'pipe', 'inherit'] });
    let words = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      words += chunk.toString().split('gone').length - 1;
    });
    const ended = once(child, 'close');
    try {
      await once(child.stdout, 'data');
      await body();
    } finally {
      writeFileSync(stop, '');
      await ended;
    }
    return words;
  };

  it('facts are read without a crash, and what went away is told', async () => {
    const vanished: string[] = [];
    const presence = new Set<boolean>();
    const removals = await whileRemoving(async () => {
      for (let round = 0; round < 40; round += 1) {
        const onVanished = (name: string): number => vanished.push(name);
        const { devices } = readHostFacts({ devices: [eduSpare], fds: [], everything: true, onVanished });
        presence.add(devices.some(({ address }) => address === eduSpare));
        await setTimeout(1);
      }
    });
    expect(removals).toBeGreaterThan(5);
    expect(presence).toEqual(new Set([true, false]));
    expect(new Set(vanished)).toEqual(new Set(vanished.length === 0 ? [] : [eduSpare]));
    expect(existsSync(device)).toBe(true);
  });

  it.each([
    { command: 'devices', args: ['devices', '--all'], status: 0 },
    { command: 'record', args: ['record'], status: 0 },
    { command: 'plan', args: ['plan', '-machine', 'bare', '-device', `vfio-pci,host=${eduSpare}`], status: 1 },
  ])('$command reports, and does not crash', async ({ args, status }) => {
    await whileRemoving(async () => {
      for (let round = 0; round < 2; round += 1) {
        const answer = await runSubcommand(args);
        expect(answer.status).toBe(status);
        expect(answer.stdout).not.toBe('');
        expect(answer.stderr.split('\n').filter((line) => line !== '' && !line.includes('warning: '))).toEqual([]);
      }
    });
  });
});
