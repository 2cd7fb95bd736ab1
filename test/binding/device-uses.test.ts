import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { displayUses } from '../../src/binding/display-uses.ts';
import { inputUses } from '../../src/binding/input-uses.ts';
import { networkUses } from '../../src/binding/network-uses.ts';
import { storageUses } from '../../src/binding/storage-uses.ts';
import { createSystemFiles } from '../../src/host/system-files.ts';
import { fakePciDevice, fakeTree, type Entry } from '../host/fake-tree.ts';
import { card } from './hosts.ts';

type Entries = Readonly<Record<string, Entry>>;

const FOLDER = 'pci0000:00/0000:00:01.0/0000:01:00.0';
const HERE = `sys/devices/${FOLDER}`;
const DEVICE = card('0000:01:00.0');

const tree = (entries: Entries, deviceClass = '0x020000') =>
  createSystemFiles(fakeTree({ ...fakePciDevice({ folder: FOLDER, class: deviceClass }), ...entries }));

/** A link from a class folder to a folder of sysfs, which is made. */
const classEntry = (classFolder: string, target: string): Entries => ({
  [`${target}/uevent`]: '',
  [`${classFolder}/${path.basename(target)}`]: { link: path.relative(classFolder, target) },
});

const ROUTE_HEAD = 'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n';
const DEFAULT_ROUTE = (name: string): string => `${ROUTE_HEAD}${name}\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\n`;
const SUBNET = (name: string): string => `${ROUTE_HEAD}${name}\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\n`;
const IPV6 = (destination: string, prefix: string, flags: string, name: string): string =>
  `${destination} ${prefix} ${'0'.repeat(32)} 00 ${'0'.repeat(32)} 00000400 00000001 00000000 ${flags} ${name}\n`;
const GLOBAL = `2001${'0'.repeat(28)}`;
const LINK_LOCAL = `fe80${'0'.repeat(28)}`;

describe('networkUses', () => {
  const net = classEntry('sys/class/net', `${HERE}/virtio3/net/eth0`);
  const carrier = { [`${HERE}/virtio3/net/eth0/carrier`]: '1\n' };
  const onBridge: Entries = {
    ...net,
    ...classEntry('sys/class/net', 'sys/devices/virtual/net/br0'),
    [`${HERE}/virtio3/net/eth0/upper_br0`]: { link: '../../../../../../virtual/net/br0' },
  };

  it.each<{ name: string; entries: Entries; uses: readonly [level: string, what: string][] }>([
    { name: 'no interface', entries: {}, uses: [] },
    { name: 'an interface that is down', entries: net, uses: [] },
    { name: 'a carrier alone', entries: { ...net, ...carrier }, uses: [['warn', 'network interface eth0 is up']] },
    {
      name: 'the default route',
      entries: { ...net, 'proc/net/route': DEFAULT_ROUTE('eth0') },
      uses: [['refuse', 'the default route goes through eth0']],
    },
    {
      name: 'the default route of IPv6',
      entries: { ...net, 'proc/net/ipv6_route': IPV6('0'.repeat(32), '00', '00450003', 'eth0') },
      uses: [['refuse', 'the default route goes through eth0']],
    },
    {
      name: 'an unreachable default route',
      entries: { ...net, 'proc/net/ipv6_route': IPV6('0'.repeat(32), '00', '00200200', 'eth0') },
      uses: [],
    },
    {
      name: 'a carrier and an address',
      entries: { ...net, ...carrier, 'proc/net/route': SUBNET('eth0') },
      uses: [['refuse', 'network interface eth0 is up and has an address']],
    },
    {
      name: 'a carrier and an IPv6 address',
      entries: { ...net, ...carrier, 'proc/net/ipv6_route': IPV6(GLOBAL, '40', '00000001', 'eth0') },
      uses: [['refuse', 'network interface eth0 is up and has an address']],
    },
    {
      name: 'a carrier and a link-local address only',
      entries: { ...net, ...carrier, 'proc/net/ipv6_route': IPV6(LINK_LOCAL, '40', '00000001', 'eth0') },
      uses: [['warn', 'network interface eth0 is up']],
    },
    { name: 'an address without carrier', entries: { ...net, 'proc/net/route': SUBNET('eth0') }, uses: [] },
    { name: 'a default route elsewhere', entries: { ...net, 'proc/net/route': DEFAULT_ROUTE('eth1') }, uses: [] },
    {
      name: 'a bridge with the default route on it',
      entries: { ...onBridge, 'proc/net/route': DEFAULT_ROUTE('br0') },
      uses: [['refuse', 'the default route goes through br0 (on eth0)']],
    },
    {
      name: 'an interface of another device',
      entries: {
        ...classEntry('sys/class/net', 'sys/devices/pci0000:00/0000:00:02.0/net/eth0'),
        'proc/net/route': DEFAULT_ROUTE('eth0'),
      },
      uses: [],
    },
  ])('$name', ({ entries, uses }) => {
    expect(networkUses(tree(entries), DEVICE).map(({ level, what }) => [level, what])).toEqual(uses);
  });
});

const mount = (number: string, point: string, source: string): string =>
  `36 35 ${number} / ${point} rw,noatime shared:1 - ext4 ${source} rw\n`;

describe('storageUses', () => {
  const disk: Entries = {
    ...classEntry('sys/block', `${HERE}/nvme/nvme0/nvme0n1`),
    [`${HERE}/nvme/nvme0/nvme0n1/dev`]: '259:0\n',
    [`${HERE}/nvme/nvme0/nvme0n1/nvme0n1p2/partition`]: '2\n',
    [`${HERE}/nvme/nvme0/nvme0n1/nvme0n1p2/dev`]: '259:2\n',
  };
  const onVolume: Entries = {
    ...disk,
    [`${HERE}/nvme/nvme0/nvme0n1/nvme0n1p2/holders/dm-0`]: { link: 'x' },
    ...classEntry('sys/block', 'sys/devices/virtual/block/dm-0'),
    'sys/devices/virtual/block/dm-0/dev': '254:0\n',
    'sys/devices/virtual/block/dm-0/dm/name': 'vg-root\n',
  };
  const subsystem = 'sys/devices/virtual/nvme-subsystem/nvme-subsys0';
  const multipath: Entries = {
    [`${HERE}/nvme/nvme0/model`]: '',
    ...classEntry('sys/block', `${subsystem}/nvme0n1`),
    [`${subsystem}/nvme0`]: { link: path.relative(subsystem, `${HERE}/nvme/nvme0`) },
    [`${subsystem}/nvme0n1/dev`]: '259:0\n',
  };

  it.each<{ name: string; entries: Entries; what: readonly string[] }>([
    { name: 'a disk that nobody uses', entries: { ...disk, 'proc/self/mountinfo': mount('8:1', '/', '/dev/sda1') }, what: [] },
    {
      name: 'a mounted disk',
      entries: { ...disk, 'proc/self/mountinfo': mount('259:0', '/data', '/dev/nvme0n1') },
      what: ['nvme0n1 is mounted at /data'],
    },
    {
      name: 'a mounted partition, known by its number',
      entries: { ...disk, 'proc/self/mountinfo': mount('259:2', '/', '/dev/root') },
      what: ['nvme0n1p2 is mounted at /'],
    },
    {
      name: 'a mounted partition, known by its name',
      entries: { ...disk, 'proc/self/mountinfo': mount('0:30', '/', '/dev/nvme0n1p2') },
      what: ['nvme0n1p2 is mounted at /'],
    },
    {
      name: 'swap',
      entries: { ...disk, 'proc/swaps': 'Filename\tType\n/dev/nvme0n1p2   partition 8 0 -2\n' },
      what: ['nvme0n1p2 is swap space'],
    },
    {
      name: 'a second disk of a mounted btrfs',
      entries: { ...disk, 'sys/fs/btrfs/3f/devices/nvme0n1p2': { link: 'x' } },
      what: ['nvme0n1p2 is part of a mounted btrfs'],
    },
    { name: 'a volume that nobody mounts', entries: onVolume, what: ['nvme0n1p2 is in use by dm-0'] },
    {
      name: 'a mounted volume',
      entries: { ...onVolume, 'proc/self/mountinfo': mount('254:0', '/', '/dev/mapper/vg-root') },
      what: ['nvme0n1p2 carries dm-0, which is mounted at /'],
    },
    {
      name: 'swap on a volume',
      entries: { ...onVolume, 'proc/swaps': 'Filename\n/dev/mapper/vg-root partition 8 0 -2\n' },
      what: ['nvme0n1p2 carries dm-0, which is swap space'],
    },
    {
      name: 'a namespace of a multipath subsystem',
      entries: { ...multipath, 'proc/self/mountinfo': mount('259:0', '/', '/dev/nvme0n1') },
      what: ['nvme0n1 is mounted at /'],
    },
    {
      name: 'a stick behind a USB controller',
      entries: {
        ...classEntry('sys/block', `${HERE}/usb1/1-2/host6/block/sdb`),
        [`${HERE}/usb1/1-2/host6/block/sdb/dev`]: '8:16\n',
        'proc/self/mountinfo': mount('8:16', '/media', '/dev/sdb'),
      },
      what: ['sdb is mounted at /media'],
    },
  ])('$name', ({ entries, what }) => {
    const uses = storageUses(tree(entries), DEVICE, () => false);
    expect(uses).toEqual(what.map((text) => ({ level: 'refuse', what: text })));
  });

  it('a disk in exclusive use for reasons that no file tells', () => {
    const uses = storageUses(tree(disk), DEVICE, (node) => node === '/dev/nvme0n1');
    expect(uses).toEqual([{ level: 'refuse', what: 'nvme0n1 is in exclusive use (ZFS, or mounted elsewhere)' }]);
  });
});

describe('displayUses', () => {
  const GPU = card('0000:01:00.0', { class: '030000' });
  const console: Entries = {
    'sys/class/vtconsole/vtcon1/name': '(M) frame buffer device\n',
    'sys/class/vtconsole/vtcon1/bind': '1\n',
  };
  const boot = { [`${HERE}/boot_vga`]: '1\n' };
  const other = fakePciDevice({ folder: 'pci0000:00/0000:00:02.0', class: '0x030000' });
  const own = classEntry('sys/class/graphics', `${HERE}/graphics/fb0`);
  const firmware = classEntry('sys/class/graphics', 'sys/devices/platform/efi-framebuffer.0/graphics/fb0');
  const says = { level: 'refuse', what: 'it shows the console of this host (fb0)' };

  it.each<{ name: string; entries: Entries; uses: readonly object[] }>([
    { name: 'the boot display with the console', entries: { ...boot, ...other, ...own, ...console }, uses: [says] },
    { name: 'the boot display with the frame buffer of the firmware', entries: { ...boot, ...firmware, ...console }, uses: [says] },
    { name: 'the only display with the console', entries: { ...own, ...console }, uses: [says] },
    { name: 'a second display', entries: { ...other, ...own, ...console, [`${HERE}/boot_vga`]: '0\n' }, uses: [] },
    {
      name: 'a console that was given up',
      entries: { ...boot, ...own, ...console, 'sys/class/vtconsole/vtcon1/bind': '0\n' },
      uses: [],
    },
    { name: 'the boot display without a frame buffer', entries: { ...boot, ...console }, uses: [] },
    {
      name: 'a process that draws with it',
      entries: {
        ...other,
        [`${HERE}/drm/card1/dev`]: '226:1\n',
        'proc/812/fd/9': { link: '/dev/dri/card1' },
        'proc/812/comm': 'gnome-shell\n',
      },
      uses: [{ level: 'refuse', what: 'process 812 (gnome-shell) has /dev/dri/card1 open' }],
    },
  ])('$name', ({ entries, uses }) => {
    expect(displayUses(tree(entries, '0x030000'), GPU)).toEqual(uses);
  });
});

describe('inputUses', () => {
  const block = (folder: string, handlers: string): string =>
    `I: Bus=0003\nN: Name="Some Keyboard"\nS: Sysfs=/devices/${folder}/usb1/1-3/input/input5\nH: Handlers=${handlers}\n\n`;

  it.each([
    { name: 'a keyboard behind it', text: block(FOLDER, 'sysrq kbd leds event3 '), count: 1 },
    { name: 'a mouse behind it', text: block(FOLDER, 'mouse0 event4 '), count: 0 },
    { name: 'a keyboard elsewhere', text: block('pci0000:00/0000:00:14.0', 'sysrq kbd event3 '), count: 0 },
    { name: 'no list', text: '', count: 0 },
  ])('$name', ({ text, count }) => {
    const uses = inputUses(tree({ 'proc/bus/input/devices': text }), DEVICE);
    expect(uses).toEqual(
      Array.from({ length: count }, () => ({ level: 'warn', what: 'keyboard "Some Keyboard" is connected to it' })),
    );
  });
});
