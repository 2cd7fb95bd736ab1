import { describe, expect, test } from 'vitest';
import type { HostModel } from '../../src/host/model.ts';
import { withFds, withMemlock, WORKSTATION } from '../plan/hosts.ts';
import { attach } from '../machine/attaching.ts';

const MIB = 2n ** 20n;
const RAM = 128n * MIB;

const withCapabilities = (...capabilities: string[]): HostModel => ({
  ...withMemlock(WORKSTATION, RAM),
  process: { ...withMemlock(WORKSTATION, RAM).process, capabilities },
});

const CDEV = '-device vfio-iommu-pci,host=06:00.0';
const COMPAT = '-object iommufd,id=c,compat=type1v2 -device vfio-pci,host=06:00.0,iommufd=c';

const modeCalls = (ioctls: readonly string[]): readonly string[] => ioctls.filter((call) => call.startsWith('IOMMU_OPTION'));

describe('an iommufd that is opened here', () => {
  test.each([
    ['by cdev', CDEV],
    ['compat', COMPAT],
  ])('%s: charges the process where that can be set, before any object is made', async (_what, line) => {
    const { kernel, machine, ioctls } = await attach(line, withCapabilities('CAP_SYS_RESOURCE'));
    expect(modeCalls(ioctls)).toHaveLength(1);
    expect(ioctls.findIndex((call) => call.startsWith('IOMMU_OPTION'))).toBeLessThan(
      ioctls.findIndex((call) => call.startsWith('IOMMU_IOAS_ALLOC')),
    );
    expect(kernel.memlockUsage()).toEqual({ process: RAM, user: 0n, pinned: RAM });
    await machine.detach();
    expect(kernel.memlockUsage()).toEqual({ process: 0n, user: 0n, pinned: 0n });
  });

  test.each([
    ['without the capability', withCapabilities(), { user: RAM, pinned: RAM }],
    [
      'with CAP_IPC_LOCK, where nothing is held against a limit',
      withCapabilities('CAP_SYS_RESOURCE', 'CAP_IPC_LOCK'),
      { user: 0n },
    ],
  ])('keeps its mode %s', async (_what, host, usage) => {
    const { kernel, machine, ioctls } = await attach(CDEV, host);
    expect(modeCalls(ioctls)).toEqual([]);
    expect(kernel.memlockUsage()).toMatchObject({ process: 0n, ...usage });
    await machine.detach();
  });
});

test.each([
  ['user', { process: 0n, user: RAM }],
  ['process', { process: RAM, user: 0n }],
] as const)('a passed iommufd keeps its mode: %s', async (rlimitMode, usage) => {
  const host = withFds(withCapabilities('CAP_SYS_RESOURCE'), { 20: { kind: 'iommufd', rlimitMode } });
  const line = '-object iommufd,id=i,fd=20 -device vfio-pci,host=06:00.0,iommufd=i';
  const { kernel, machine, ioctls } = await attach(line, host);
  expect(modeCalls(ioctls)).toEqual([]);
  expect(kernel.memlockUsage()).toMatchObject(usage);
  await machine.detach();
});
