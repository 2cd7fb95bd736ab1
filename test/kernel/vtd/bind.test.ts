import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLinuxKernel } from '../../../src/kernel/linux/linux-kernel.ts';
import { run, start, type Outcome } from '../../cli/run.ts';
import { attachHere, planHere } from '../lib/attach.ts';
import { bindTo, cdevOf, driverOf, groupOf, readRoles, restoreDriver, unbind } from '../lib/host-devices.ts';

const { eduA, mixedBridge, mixedEdu, mixedRng, flrA, flrB, e1000e, igb } = readRoles();

const UNDO_FOLDER = '/run/vmattach/bind';
const DEVICES = '/sys/bus/pci/devices';

const overrideOf = (address: string): string => readFileSync(`${DEVICES}/${address}/driver_override`, 'utf8').trim();

/** Driver and override of every PCI device. */
const snapshot = (): readonly string[] =>
  readdirSync(DEVICES).map((address) => `${address} ${driverOf(address) ?? '-'} ${overrideOf(address)}`);

const undoFiles = (): readonly string[] => (existsSync(UNDO_FOLDER) ? readdirSync(UNDO_FOLDER) : []);

const succeeded = ({ status, stdout, stderr }: Outcome): string => {
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
};

const BACKENDS = [
  { backend: 'type1', launch: ['-device', `vfio-pci,host=${mixedEdu}`] },
  { backend: 'iommufd', launch: ['-object', 'iommufd,id=iommufd0', '-device', `vfio-pci,host=${mixedEdu},iommufd=iommufd0`] },
] as const;

let before: readonly string[] = [];
beforeEach(() => {
  before = snapshot();
});
afterEach(() => {
  for (const address of [eduA, mixedEdu]) if (driverOf(address) !== undefined) unbind(address);
  for (const address of [mixedRng, flrA, flrB]) {
    if (driverOf(address) !== 'virtio-pci') restoreDriver(address);
  }
  for (const address of [eduA, mixedEdu]) writeFileSync(`${DEVICES}/${address}/driver_override`, '\n');
  rmSync(UNDO_FOLDER, { recursive: true, force: true });
  expect(snapshot()).toEqual(before);
});

describe('vmattach bind and unbind', () => {
  it.each(BACKENDS)(
    'a group with a sibling on a host driver can be attached through $backend after one bind',
    async ({ launch }) => {
      expect(planHere(launch).plan.problems.some(({ severity }) => severity === 'error')).toBe(true);
      const text = succeeded(await run(['bind', mixedEdu]));
      expect(text).toMatch(new RegExp(`^group ${groupOf(mixedEdu)}$`, 'm'));
      expect(text).toMatch(new RegExp(`${mixedBridge} .* stays +a bridge`));
      expect(text).toMatch(new RegExp(`${mixedEdu} .* - +vfio-pci +named`));
      expect(text).toMatch(new RegExp(`${mixedRng} .* virtio-pci +vfio-pci +in the same group`));
      expect([driverOf(mixedEdu), driverOf(mixedRng), driverOf(mixedBridge)]).toEqual(['vfio-pci', 'vfio-pci', undefined]);

      const machine = await attachHere(createLinuxKernel(), launch);
      const refused = await run(['unbind', mixedRng]);
      expect(refused.status).toBe(1);
      expect(refused.stderr).toContain(`cause: process ${process.pid} (`);
      await machine.detach();

      expect(succeeded(await run(['unbind', mixedRng]))).toContain(`${mixedRng} is bound to virtio-pci`);
      expect(overrideOf(mixedRng)).toBe('(null)');
      expect(snapshot()).toEqual(before);
      expect(undoFiles()).toEqual([]);
    },
  );

  it('binding twice is once: the second keeps what the first has saved', async () => {
    succeeded(await run(['bind', mixedEdu]));
    const saved = undoFiles().map((name) => readFileSync(path.join(UNDO_FOLDER, name), 'utf8'));
    const bound = snapshot();
    expect(succeeded(await run(['bind', mixedEdu, mixedRng]))).toMatch(/^nothing to do$/m);
    expect(snapshot()).toEqual(bound);
    expect(undoFiles().map((name) => readFileSync(path.join(UNDO_FOLDER, name), 'utf8'))).toEqual(saved);
    succeeded(await run(['unbind', mixedEdu]));
    expect(snapshot()).toEqual(before);
  });

  it('several devices, an undo file of choice, and an override that was there before', async () => {
    const file = path.join(tmpdir(), 'undo.json');
    writeFileSync(`${DEVICES}/${flrA}/driver_override`, 'virtio-pci\n');
    const prepared = snapshot();
    succeeded(await run(['bind', '--undo-file', file, flrA, flrB.slice('0000:'.length)]));
    expect([flrA, flrB].map((address) => [driverOf(address), existsSync(cdevOf(address) ?? '')])).toEqual([
      ['vfio-pci', true],
      ['vfio-pci', true],
    ]);
    expect(undoFiles()).toEqual([]);
    succeeded(await run(['unbind', '--undo-file', file, flrA, flrB]));
    expect(snapshot()).toEqual(prepared);
    expect(existsSync(file)).toBe(false);
    writeFileSync(`${DEVICES}/${flrA}/driver_override`, '\n');
  });

  it('others pci-stub: the group is viable as well, and goes back as well', async () => {
    succeeded(await run(['bind', '--others', 'pci-stub', mixedEdu]));
    expect([driverOf(mixedEdu), driverOf(mixedRng)]).toEqual(['vfio-pci', 'pci-stub']);
    const machine = await attachHere(createLinuxKernel(), BACKENDS[0].launch);
    await machine.detach();
    succeeded(await run(['unbind', mixedEdu]));
    expect(snapshot()).toEqual(before);
  });

  it('what --dry-run prints does in a shell what bind does', async () => {
    const script = succeeded(await run(['bind', '--dry-run', mixedEdu]));
    execFileSync('bash', ['-ec', script]);
    const byHand = snapshot();
    execFileSync('bash', ['-ec', (await run(['unbind', '--dry-run', mixedEdu])).stdout]);
    succeeded(await run(['bind', mixedEdu]));
    expect(snapshot()).toEqual(byHand);
  });

  it('without anything saved, unbind lets the kernel choose, and says so', async () => {
    bindTo(flrA, 'vfio-pci');
    const { status, stdout, stderr } = await run(['unbind', flrA]);
    expect(status).toBe(0);
    expect(stderr).toContain('nothing was saved about its former state');
    expect(stdout).toContain(`${flrA} is bound to virtio-pci`);
    expect(snapshot()).toEqual(before);
  });
});

describe('vmattach bind changes nothing', () => {
  afterEach(() => {
    expect(snapshot()).toEqual(before);
    expect(undoFiles()).toEqual([]);
  });

  it.each([
    { name: 'with --dry-run', options: [] },
    { name: 'with --dry-run and pci-stub for the others', options: ['--others', 'pci-stub'] },
  ])('$name', async ({ options }) => {
    const text = succeeded(await run(['bind', '--dry-run', ...options, mixedEdu]));
    expect(text).toContain(`echo ${mixedRng} > ${DEVICES}/${mixedRng}/driver/unbind`);
  });

  it('when a driver does not take its device: what was done before is taken back', async () => {
    const { status, stderr } = await run(['bind', '--driver', 'virtio-pci', '--others', 'pci-stub', mixedEdu]);
    expect(status).toBe(1);
    expect(stderr).toContain(`${mixedEdu}: virtio-pci did not take the device: No such device`);
    expect(stderr).toContain('virtio-pci is not a driver for 1234:11e8');
  });

  it('when the driver does not exist', async () => {
    const { status, stderr } = await run(['bind', '--driver', 'no_such_driver', mixedEdu]);
    expect(status).toBe(1);
    expect(stderr).toContain("the kernel has no PCI driver 'no_such_driver'");
    expect(stderr).toContain('cause: modprobe: ');
  });

  it('for a physical function with virtual functions', async () => {
    writeFileSync(`${DEVICES}/${igb}/sriov_numvfs`, '1');
    try {
      const { status, stderr } = await run(['bind', '--force', igb]);
      expect(status).toBe(1);
      expect(stderr).toContain('it is a physical function with 1 VFs enabled');
      expect(driverOf(igb)).toBe('igb');
    } finally {
      writeFileSync(`${DEVICES}/${igb}/sriov_numvfs`, '0');
    }
  });

  it('for a bridge', async () => {
    const { status, stderr } = await run(['bind', mixedBridge]);
    expect(status).toBe(1);
    expect(stderr).toContain('a bridge cannot be passed through');
  });
});

describe('a signal while devices are bound', () => {
  const devices = [flrA, flrB];
  const drivers = (): readonly (string | undefined)[] => devices.map(driverOf);

  it.each(['SIGINT', 'SIGTERM'] as const)('%s: all is done or nothing', async (signal) => {
    const { child, ended, saw } = start(['bind', ...devices]);
    await saw('named');
    child.kill(signal);
    const { status, stderr } = await ended;
    if (status === 0) {
      expect(drivers()).toEqual(['vfio-pci', 'vfio-pci']);
      succeeded(await run(['unbind', ...devices]));
    } else if (status === 1) {
      expect(stderr).toContain(`(${signal}): everything was taken back`);
    }
    expect(snapshot()).toEqual(before);
    expect(undoFiles()).toEqual([]);
  });
});

describe('a network card that the host talks through', () => {
  const ip = (...words: string[]): string => execFileSync('ip', words, { encoding: 'utf8' });
  const interfaceOf = (address: string): string => readdirSync(`${DEVICES}/${address}/net`)[0] ?? '';

  const waitForCarrier = async (name: string): Promise<void> => {
    while (readFileSync(`/sys/class/net/${name}/carrier`, 'utf8').trim() !== '1') {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  beforeEach(async () => {
    const name = interfaceOf(e1000e);
    ip('link', 'set', name, 'up');
    ip('addr', 'add', '192.0.2.1/24', 'dev', name);
    await waitForCarrier(name);
  });
  afterEach(() => {
    const name = interfaceOf(e1000e);
    ip('addr', 'flush', 'dev', name);
    ip('link', 'set', name, 'down');
  });

  it('is refused, by its address and by the default route, and stays', async () => {
    const name = interfaceOf(e1000e);
    const addressed = await run(['bind', e1000e]);
    expect(addressed.status).toBe(1);
    expect(addressed.stderr).toContain(`cause: network interface ${name} is up and has an address`);
    ip('route', 'add', 'default', 'via', '192.0.2.2', 'dev', name);
    const routed = await run(['bind', e1000e]);
    expect(routed.status).toBe(1);
    expect(routed.stderr).toContain(`cause: the default route goes through ${name}`);
    expect(driverOf(e1000e)).toBe('e1000e');
  });

  it('is taken by force, and comes back', async () => {
    const { status, stderr } = await run(['bind', '--force', e1000e]);
    expect(status).toBe(0);
    expect(stderr).toContain('warning: the host uses this device');
    expect(driverOf(e1000e)).toBe('vfio-pci');
    succeeded(await run(['unbind', e1000e]));
    expect(driverOf(e1000e)).toBe('e1000e');
  });
});
