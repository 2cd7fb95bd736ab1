import { describe, expect, test } from 'vitest';
import type { FdFacts } from '../../src/host/model.ts';
import { withFds, WORKSTATION } from './hosts.ts';
import { codes, planOf } from './planning.ts';

const CDEV: FdFacts = { kind: 'vfio-cdev', address: '0000:06:00.0', target: '/dev/vfio/devices/vfio2', device: '511:2' };
const IOMMUFD: FdFacts = { kind: 'iommufd', target: '/dev/iommu' };

const OBJECT = '-object iommufd,id=i';

const planWith = (line: string, fds: Readonly<Record<number, FdFacts>>) => planOf(line, withFds(WORKSTATION, fds));

describe('a passed fd is used', () => {
  test('for an object and a device, and listed with its owner', () => {
    const plan = planWith('-object iommufd,id=i,fd=20 -device vfio-pci,id=d,fd=21,iommufd=i', { 20: IOMMUFD, 21: CDEV });
    expect(plan.problems).toEqual([]);
    expect(plan.fds).toEqual([
      { number: 20, kind: 'iommufd', owner: '/objects/i' },
      { number: 21, kind: 'vfio-cdev', owner: '/machine/peripheral/d' },
    ]);
    expect(plan.devices[0]).toMatchObject({ name: '0000:06:00.0', fd: 21, sysfs: '/sys/bus/pci/devices/0000:06:00.0', group: 16 });
    expect(plan.steps.filter(({ call }) => call === 'open')).toEqual([]);
    expect(plan.steps.filter(({ call }) => call === 'inherit').map(({ subject }) => subject)).toEqual(['fd 20', 'fd 21']);
  });

  test.each(['host=06:00.0', 'sysfsdev=/sys/bus/pci/devices/0000:06:00.0'])('beside %s that names the same device', (name) => {
    expect(planWith(`${OBJECT} -device vfio-pci,fd=21,iommufd=i,${name}`, { 21: CDEV }).problems).toEqual([]);
  });

  test('although the node could not be opened', () => {
    const host = {
      ...withFds(WORKSTATION, { 20: IOMMUFD, 21: CDEV }),
      nodes: { '/dev/iommu': null, '/dev/vfio/devices/vfio2': null },
    };
    expect(planOf('-object iommufd,id=i,fd=20 -device vfio-pci,fd=21,iommufd=i', host).problems).toEqual([]);
  });
});

describe('a passed fd is refused', () => {
  const device = `${OBJECT} -device vfio-pci,fd=21,iommufd=i`;
  test.each<[what: string, line: string, fds: Record<number, FdFacts>, code: string, message: string, cause: string]>([
    [
      'that was seen to be closed, for a device',
      device,
      { 21: { kind: 'closed' } },
      'FD_NOT_OPEN',
      'fd 21 is not open',
      'the process that started vmattach passed no file descriptor 21',
    ],
    [
      'that a simulated host does not have',
      device,
      {},
      'FD_NOT_OPEN',
      'fd 21 is not open',
      'the host model has no file descriptor 21: on a simulated host there are those of its "fds", and none of this process',
    ],
    ['that is closed, for an object', '-object iommufd,id=i,fd=20', {}, 'FD_NOT_OPEN', 'fd 20 is not open', ''],
    [
      'that is standard input',
      '-object iommufd,id=i,fd=0',
      {},
      'FD_WRONG_KIND',
      'fd 0 is standard input',
      'the numbers 0, 1 and 2 are the standard streams',
    ],
    ['that is standard output', '-object iommufd,id=i,fd=1', { 1: IOMMUFD }, 'FD_WRONG_KIND', 'fd 1 is standard output', ''],
    ['that is standard error', `${OBJECT} -device vfio-pci,fd=2,iommufd=i`, {}, 'FD_WRONG_KIND', 'fd 2 is standard error', ''],
    [
      'of a cdev for an object',
      '-object iommufd,id=i,fd=21',
      { 21: CDEV },
      'FD_WRONG_KIND',
      'fd 21 is a VFIO cdev, not an iommufd (/dev/iommu)',
      'fd 21 is a VFIO cdev (/dev/vfio/devices/vfio2)',
    ],
    [
      'of an iommufd for a device',
      device,
      { 21: IOMMUFD },
      'FD_WRONG_KIND',
      'fd 21 is an iommufd (/dev/iommu), not a VFIO cdev',
      'fd 21 is an iommufd (/dev/iommu)',
    ],
    [
      'of a group',
      device,
      { 21: { kind: 'vfio-group', group: 16 } },
      'FD_WRONG_KIND',
      'fd 21 is a VFIO group, not a VFIO cdev',
      'fd 21 is a VFIO group',
    ],
    [
      'of the runtime',
      device,
      { 21: { kind: 'eventpoll', target: 'anon_inode:[eventpoll]', runtime: true } },
      'FD_WRONG_KIND',
      'fd 21 is an epoll instance, not a VFIO cdev',
      "fd 21 is an epoll instance (anon_inode:[eventpoll]); vmattach's own runtime has such descriptors, and a parent has no reason to pass one",
    ],
    [
      'of another device than host=',
      `${device},host=01:00.0`,
      { 21: CDEV },
      'FD_WRONG_DEVICE',
      'fd=21 is device 0000:06:00.0, not 0000:01:00.0',
      'the file descriptor is the VFIO cdev of 0000:06:00.0; host= or sysfsdev= names 0000:01:00.0',
    ],
    [
      'of another device than sysfsdev=',
      `${device},sysfsdev=/sys/bus/pci/devices/0000:01:00.0`,
      { 21: CDEV },
      'FD_WRONG_DEVICE',
      'fd=21 is device 0000:06:00.0, not 0000:01:00.0',
      '',
    ],
    [
      'without an object',
      '-device vfio-pci,fd=21',
      {},
      'PROPERTY_MISSING',
      'Use FD passing only with iommufd backend',
      'fd= is an open VFIO cdev, and a cdev works only with an iommufd; this device links to none',
    ],
    [
      'by a name that nobody knows, for a device',
      `${OBJECT} -device vfio-pci,fd=@x,host=06:00.0,iommufd=i`,
      {},
      'FD_NOT_OPEN',
      "no file descriptor is known as '@x'",
      '',
    ],
    [
      'by a name that nobody knows, for an object',
      '-object iommufd,id=i,fd=/dev/fdset/3',
      {},
      'FD_NOT_OPEN',
      "no file descriptor is known as '/dev/fdset/3'",
      '',
    ],
  ])('%s', (_what, line, fds, code, message, cause) => {
    const plan = planWith(line, fds);
    expect(plan.problems).toHaveLength(1);
    expect(plan.problems[0]).toMatchObject({ code, message, severity: 'error' });
    expect(plan.problems[0]?.cause).toContain(cause);
    expect(plan.problems[0]?.fixes?.length).toBeGreaterThan(0);
    expect(plan.problems[0]?.location).toMatch(/^-(object|device) /);
    expect(plan.steps).toEqual([]);
  });

  test('when it is the second of one device', () => {
    const plan = planWith(`${device} -device vfio-pci,host=06:00.0,iommufd=i`, { 21: CDEV });
    expect(codes(plan)).toEqual(['DUPLICATE_DEVICE']);
  });

  test('when two numbers are one device', () => {
    expect(codes(planWith(`${device} -device vfio-pci,fd=22,iommufd=i`, { 21: CDEV, 22: CDEV }))).toEqual(['DUPLICATE_DEVICE']);
  });
});
