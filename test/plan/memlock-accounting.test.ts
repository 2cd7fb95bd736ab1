import { describe, expect, test } from 'vitest';
import type { HostModel } from '../../src/host/model.ts';
import { MDEV_UUID, withFds, withMediatedDevice, withMemlock, withRelease, WORKSTATION } from './hosts.ts';
import { planOf } from './planning.ts';

const GIB = 2n ** 30n;
const HOST = withMemlock(WORKSTATION, 16n * GIB);
const TYPE1 = '-device vfio-pci,host=06:00.0';
const CDEV = '-object iommufd,id=i -device vfio-pci,host=01:00.0,iommufd=i';
const OTHER_CDEV = '-object iommufd,id=j -device vfio-pci,host=06:00.0,iommufd=j';
const PASSED = '-object iommufd,id=i,fd=20 -device vfio-pci,host=01:00.0,iommufd=i';

const withCapabilities = (host: HostModel, ...capabilities: string[]): HostModel => ({
  ...host,
  process: { ...host.process, capabilities },
});

const passed = (rlimitMode?: 'user' | 'process'): HostModel =>
  withFds(HOST, { 20: { kind: 'iommufd', ...(rlimitMode !== undefined && { rlimitMode }) } });

const memlockOf = (line: string, host: HostModel) => planOf(`-m 1G ${line}`, host).memlock;

const optionSteps = (line: string, host: HostModel): readonly string[] =>
  planOf(line, host).steps.flatMap(({ id, call }) => (call === 'IOMMU_OPTION' ? [id] : []));

describe('whom an iommufd charges', () => {
  const able = withCapabilities(HOST, 'CAP_SYS_RESOURCE');
  test.each<[what: string, line: string, host: HostModel, accounting: string, steps: readonly string[]]>([
    ['the user, as the kernel does by itself', CDEV, HOST, 'user', []],
    ['the process where that can be set', CDEV, able, 'process', ['IOMMU_OPTION:/objects/i']],
    ['each object is set', `${CDEV} ${OTHER_CDEV}`, able, 'process', ['IOMMU_OPTION:/objects/i', 'IOMMU_OPTION:/objects/j']],
    ['nobody with CAP_IPC_LOCK', CDEV, withCapabilities(HOST, 'CAP_SYS_RESOURCE', 'CAP_IPC_LOCK'), 'none', []],
    ['the user, by a passed fd that nobody asked', PASSED, passed(), 'user', []],
    ['the user, by a passed fd in that mode', PASSED, passed('user'), 'user', []],
    ['the process, by a passed fd in that mode', PASSED, passed('process'), 'process', []],
    ['a passed fd keeps its mode', PASSED, withCapabilities(passed('user'), 'CAP_SYS_RESOURCE'), 'user', []],
  ])('%s', (_what, line, host, accounting, steps) => {
    expect(memlockOf(line, host).accounting).toBe(accounting);
    expect(optionSteps(line, host)).toEqual(steps);
  });

  test('type1 and an iommufd in process mode share one counter and add up', () => {
    expect(memlockOf(`${TYPE1} ${CDEV}`, able)).toMatchObject({ required: 2n * GIB, accounting: 'process' });
    expect(memlockOf(`${TYPE1} ${CDEV}`, HOST)).toMatchObject({ required: GIB, accounting: 'process and user' });
  });
});

describe('notes', () => {
  const NVIDIA = withRelease(HOST, '6.8.0-1028-nvidia-64k');
  test.each<[what: string, line: string, host: HostModel, notes: readonly RegExp[]]>([
    [
      'why libvirt sets more',
      TYPE1,
      HOST,
      [/^libvirt would set 2048 MiB \(1 x RAM \+ 1 GiB\): its 1 GiB more is for device memory/],
    ],
    [
      'why libvirt sets too little for two address spaces',
      `-m 4G ${CDEV} ${OTHER_CDEV}`,
      withMemlock(WORKSTATION, 1n << 60n),
      [/it counts RAM once, and 2 address spaces pin it 2 times$/, /^all processes of uid 1000 share/],
    ],
    [
      'that a mediated device pins nothing yet',
      `-device vfio-pci,sysfsdev=/sys/bus/mdev/devices/${MDEV_UUID}`,
      withMediatedDevice(HOST),
      [/it counts RAM for a mediated device, which pin nothing/],
    ],
    ['that an unlimited user shares nothing', CDEV, WORKSTATION, [/^libvirt/]],
    [
      'that NVIDIA kernels charge device memory',
      CDEV,
      NVIDIA,
      [/^libvirt/, /^all/, /nvidia-64k also charges device memory .* up to /],
    ],
    ['nothing of that for type1', TYPE1, NVIDIA, [/^libvirt/]],
    ['nothing without devices', '', HOST, []],
  ])('say %s', (_what, line, host, notes) => {
    const said = memlockOf(line, host).notes;
    expect(said).toHaveLength(notes.length);
    for (const [index, note] of notes.entries()) expect(said[index]).toMatch(note);
  });
});

describe('an iommufd that the engine opens itself', () => {
  const able = withCapabilities(HOST, 'CAP_SYS_RESOURCE');

  test.each([
    { machine: 'bare', passFds: false, accounting: 'process' },
    { machine: 'q35', passFds: true, accounting: 'process' },
    { machine: 'q35', passFds: false, accounting: 'user' },
  ])('$machine, --pass-fds $passFds: charges the $accounting', ({ machine, passFds, accounting }) => {
    expect(planOf(`-machine ${machine} -m 1G ${CDEV}`, able, { passFds }).memlock.accounting).toBe(accounting);
  });
});
