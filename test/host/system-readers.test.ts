import { describe, expect, it } from 'vitest';
import { findHolders } from '../../src/host/find-holders.ts';
import type { ProcessFacts } from '../../src/host/model.ts';
import { createPciNames } from '../../src/host/pci-names.ts';
import { readPciDevice } from '../../src/host/read-pci-device.ts';
import { readProcess } from '../../src/host/read-process.ts';
import { createSystemFiles, formatDeviceNumber } from '../../src/host/system-files.ts';
import { fakePciDevice, fakeTree, type Entry } from './fake-tree.ts';

type Entries = Readonly<Record<string, Entry>>;

const EVERYTHING = { inventory: true, bars: true, enabledVfs: true };

const filesOf = (entries: Entries) => createSystemFiles(fakeTree(entries));

describe('readPciDevice', () => {
  it('finds no cdev in a vfio-dev folder without device number (a kernel without CONFIG_VFIO_DEVICE_CDEV)', () => {
    const fake = fakePciDevice({ folder: 'pci0000:00/0000:00:03.0', attributes: { 'vfio-dev/vfio0': { folder: true } } });
    expect(readPciDevice(filesOf(fake), '0000:00:03.0', EVERYTHING)?.cdev).toBeNull();
  });

  it.each(['sys/devices/pci0000:00/0000:00:03.0/modalias', 'sys/bus/pci/devices/0000:00:03.0'])(
    'counts a device as gone when %s cannot be read any more',
    (file) => {
      const { [file]: _, ...rest } = fakePciDevice({ folder: 'pci0000:00/0000:00:03.0' });
      expect(readPciDevice(filesOf(rest), '0000:00:03.0', EVERYTHING)).toBeUndefined();
    },
  );
});

describe('readProcess', () => {
  const status = 'Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t\nCapEff:\t000001ffffffffff\n';

  it.each<[string, Partial<ProcessFacts>, Entries]>([
    [
      'all capabilities in the initial user namespace',
      { capabilities: expect.arrayContaining(['CAP_DAC_OVERRIDE', 'CAP_IPC_LOCK', 'CAP_SYS_RESOURCE']) },
      { 'proc/self/status': status, 'proc/self/uid_map': '0 0 4294967295\n' },
    ],
    [
      'none in a user namespace of its own',
      { uid: 0, capabilities: [] },
      { 'proc/self/status': status, 'proc/self/uid_map': '0 1000 1\n' },
    ],
    ['nobody without /proc', { uid: 65534, gid: 65534, capabilities: [], memlock: { soft: '8388608', hard: '8388608' } }, {}],
  ])('%s', (_, expected, entries) => {
    expect(readProcess(filesOf(entries))).toMatchObject(expected);
  });
});

describe('findHolders', () => {
  it('names the process that has a wanted node open, not this one', () => {
    const files = filesOf({
      'proc/1/fd/3': { link: '/dev/vfio/12' },
      'proc/42/fd/9': { link: '/dev/vfio/14' },
      'proc/42/comm': 'qemu-system-x86\n',
      'proc/77/fd/4': { link: '/dev/vfio/devices/vfio0' },
      'proc/sys/kernel/osrelease': '6.17.0\n',
    });
    expect([...findHolders(files, ['/dev/vfio/14', '/dev/vfio/devices/vfio0'], 77)]).toEqual([
      ['/dev/vfio/14', { pid: 42, command: 'qemu-system-x86', hasIommufd: false }],
    ]);
  });

  it('prefers the process that has an iommufd too: only that one can have bound a cdev', () => {
    const files = filesOf({
      'proc/41/fd/9': { link: '/dev/vfio/devices/vfio0' },
      'proc/41/comm': 'udevd\n',
      'proc/42/fd/3': { link: '/dev/iommu' },
      'proc/42/fd/9': { link: '/dev/vfio/devices/vfio0' },
      'proc/42/comm': 'qemu-system-x86\n',
    });
    expect([...findHolders(files, ['/dev/vfio/devices/vfio0'], 77)]).toEqual([
      ['/dev/vfio/devices/vfio0', { pid: 42, command: 'qemu-system-x86', hasIommufd: true }],
    ]);
  });
});

describe('createPciNames', () => {
  const DATABASE =
    '#\n10de  NVIDIA Corporation\n\t2684  AD102 [GeForce RTX 4090]\n\t\t10de 16f4  board\n8086  Intel Corporation\n\t1572  X710\nC 02  Network\n';

  it.each<[string, string, string | undefined]>([
    ['10de', '2684', 'NVIDIA Corporation AD102 [GeForce RTX 4090]'],
    ['8086', '1572', 'Intel Corporation X710'],
    ['10de', '1572', undefined],
    ['dead', '2684', undefined],
  ])('%s:%s is %s', (vendor, device, name) => {
    expect(createPciNames(filesOf({ 'usr/share/misc/pci.ids': DATABASE }))({ vendor, device })).toBe(name);
  });
});

describe('formatDeviceNumber', () => {
  it.each<[bigint, string]>([
    [0x103n, '1:3'],
    [0xac4n, '10:196'],
    [0x1fff2n, '511:242'],
    // glibc's makedev(0x12345, 0x6789abcd)
    [(0x12000n << 32n) | (0x345n << 8n) | (0x6789abn << 20n) | 0xcdn, '74565:1737075661'],
  ])('%# %s', (device, expected) => {
    expect(formatDeviceNumber(device)).toBe(expected);
  });
});
