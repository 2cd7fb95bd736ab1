import { describe, expect, test } from 'vitest';
import { readDeviceCgroup } from '../../src/host/device-cgroup.ts';
import { createSystemFiles } from '../../src/host/system-files.ts';
import { fakeTree } from './fake-tree.ts';

const DOCKER = 'c 1:3 rwm\nc 10:196 rw\nc 136:* rwm\nc *:5 m\nb 8:0 rwm\n';

const cgroupOf = (entries: Parameters<typeof fakeTree>[0]) => readDeviceCgroup(createSystemFiles(fakeTree(entries)));

describe('readDeviceCgroup', () => {
  test.each([
    ['a number that is listed', '10:196', true],
    ['a number that is not', '10:126', false],
    ['any minor of a major', '136:7', true],
    ['a rule that lets nodes only be made', '4:5', false],
    ['a block device of that number', '8:0', false],
  ])('in a container: %s', (_what, device, allowed) => {
    const letsOpen = cgroupOf({
      'proc/self/cgroup': '12:cpu,cpuacct:/docker/1\n5:devices:/docker/1\n',
      'sys/fs/cgroup/devices/devices.list': DOCKER,
    });
    expect(letsOpen?.(device)).toBe(allowed);
  });

  test('without limits everything may be opened', () => {
    const letsOpen = cgroupOf({ 'proc/self/cgroup': '5:devices:/\n', 'sys/fs/cgroup/devices/devices.list': 'a *:* rwm\n' });
    expect(letsOpen?.('10:126')).toBe(true);
  });

  test('outside a container the own folder counts, not the root of the controller', () => {
    const letsOpen = cgroupOf({
      'proc/self/cgroup': '5:devices:/user.slice\n',
      'sys/fs/cgroup/devices/devices.list': 'a *:* rwm\n',
      'sys/fs/cgroup/devices/user.slice/devices.list': 'c 1:3 rwm\n',
    });
    expect(letsOpen?.('10:126')).toBe(false);
  });

  test.each([
    ['cgroup v2, whose rules cannot be read', { 'proc/self/cgroup': '0::/user.slice\n' }],
    ['a controller that is not mounted', { 'proc/self/cgroup': '5:devices:/\n' }],
    ['no /proc', {}],
  ])('cannot tell with %s', (_what, entries) => {
    expect(cgroupOf(entries)).toBeUndefined();
  });
});
