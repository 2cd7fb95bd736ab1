import { describe, expect, it } from 'vitest';
import { readHostFacts } from '../../src/host/linux-facts.ts';
import { parseHostModel } from '../../src/host/load-model.ts';
import type { HostModel } from '../../src/host/model.ts';
import { createSystemFiles, type SystemFiles } from '../../src/host/system-files.ts';
import { fakePciDevice, fakeTree, type Entry } from './fake-tree.ts';

const UUID = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';

const VANISHING = '0000:01:00.0';

/** A device on vfio-pci in a group of its own, a physical function with its VF, and a mediated device. */
const ENTRIES: Readonly<Record<string, Entry>> = {
  'proc/sys/kernel/osrelease': '6.17.0\n',
  'proc/devices': 'Character devices:\n243 vfio\n511 vfio-dev\n\nBlock devices:\n',
  ...fakePciDevice({
    folder: 'pci0000:00/0000:00:01.0/0000:01:00.0',
    driver: 'vfio-pci',
    group: 14,
    iommu: 'dmar1',
    attributes: { reset_method: 'flr bus\n', 'vfio-dev/vfio0/dev': '511:0\n' },
  }),
  ...fakePciDevice({
    folder: 'pci0000:00/0000:02:00.0',
    driver: 'igb',
    group: 20,
    iommu: 'dmar1',
    attributes: { sriov_numvfs: '1\n' },
  }),
  ...fakePciDevice({
    folder: 'pci0000:00/0000:02:10.0',
    driver: 'vfio-pci',
    group: 21,
    iommu: 'dmar1',
    attributes: { physfn: { link: '../0000:02:00.0' }, 'vfio-dev/vfio1/dev': '511:1\n' },
  }),
  [`sys/bus/mdev/devices/${UUID}`]: { link: `../../../devices/virtual/mtty/mtty/${UUID}` },
  [`sys/devices/virtual/mtty/mtty/${UUID}/mdev_type`]: { link: '../mdev_supported_types/mtty-1' },
  'sys/devices/virtual/mtty/mtty/mdev_supported_types/mtty-1/device_api': 'vfio-pci\n',
  [`sys/devices/virtual/mtty/mtty/${UUID}/iommu_group`]: { link: '../../../../../kernel/iommu_groups/3' },
  [`sys/kernel/iommu_groups/3/devices/${UUID}`]: { link: `../../../../devices/virtual/mtty/mtty/${UUID}` },
};

/** What the kernel takes away with each device: its folder, its entry on the bus, its group when nobody else is in it. */
const REMOVALS: Readonly<Record<string, readonly string[]>> = {
  [VANISHING]: [
    'sys/bus/pci/devices/0000:01:00.0',
    'sys/kernel/iommu_groups/14',
    'sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0',
  ],
  'a physical function': [
    'sys/bus/pci/devices/0000:02:10.0',
    'sys/kernel/iommu_groups/21',
    'sys/devices/pci0000:00/0000:02:10.0',
    'sys/bus/pci/devices/0000:02:00.0',
    'sys/kernel/iommu_groups/20',
    'sys/devices/pci0000:00/0000:02:00.0',
  ],
  'a mediated device': [`sys/bus/mdev/devices/${UUID}`, 'sys/kernel/iommu_groups/3', `sys/devices/virtual/mtty/mtty/${UUID}`],
};

/** The devices that go with each. */
const ADDRESSES: Readonly<Record<string, readonly string[]>> = {
  [VANISHING]: [VANISHING],
  'a physical function': ['0000:02:00.0', '0000:02:10.0'],
  'a mediated device': [UUID],
};

interface Reading {
  readonly model: HostModel;
  readonly vanished: readonly string[];
  /** How many times something was looked up. */
  readonly lookups: number;
}

/** Reads the whole tree. From the n-th look-up on, one more of the folders is gone at each, with all that is in it. */
const readWhileRemoving = (root: string, removed: readonly string[], from: number): Reading => {
  const files = createSystemFiles(root);
  let lookups = 0;
  const isGone = (file: string): boolean =>
    removed.slice(0, Math.max(0, lookups - from + 1)).some((folder) => file === `/${folder}` || file.startsWith(`/${folder}/`));
  const look = <T>(read: (file: string) => T, gone: T, file: string): T => {
    lookups += 1;
    return isGone(file) ? gone : read(file);
  };
  const changing: SystemFiles = {
    text: (file) => look(files.text, undefined, file),
    bytes: (file) => look(files.bytes, undefined, file),
    linkName: (file) => look(files.linkName, undefined, file),
    link: (file) => look(files.link, undefined, file),
    realPath: (file) => look(files.realPath, undefined, file),
    names: (folder) => look(files.names, [], folder).filter((name) => !isGone(`${folder}/${name}`)),
    exists: (file) => look(files.exists, false, file),
    node: (file) => look(files.node, undefined, file),
  };
  const vanished: string[] = [];
  const request = { devices: [], fds: [], everything: true, holders: true, onVanished: (name: string) => vanished.push(name) };
  return { model: readHostFacts(request, root, changing), vanished, lookups };
};

const namesIn = ({ devices, mediatedDevices = [] }: HostModel): string[] => [
  ...devices.map(({ address }) => address),
  ...mediatedDevices.map(({ uuid }) => uuid),
];

describe('readHostFacts while devices are removed', () => {
  it('reads everything of a tree that holds still', () => {
    const { model, vanished } = readWhileRemoving(fakeTree(ENTRIES), [], Infinity);
    expect(namesIn(model)).toEqual(['0000:01:00.0', '0000:02:00.0', '0000:02:10.0', UUID]);
    expect(vanished).toEqual([]);
  });

  it.each(Object.keys(REMOVALS))(
    '%s: at any moment it returns a host model, and tells once of what is missing in it',
    (removal) => {
      const root = fakeTree(ENTRIES);
      const { lookups } = readWhileRemoving(root, [], Infinity);
      const told = new Set<string>();
      for (let moment = 1; moment <= lookups; moment += 1) {
        const { model, vanished } = readWhileRemoving(root, REMOVALS[removal] ?? [], moment);
        expect(() => parseHostModel(JSON.stringify(model), `at look-up ${moment}`)).not.toThrow();
        expect(new Set(vanished).size).toBe(vanished.length);
        expect(namesIn(model).filter((name) => vanished.includes(name))).toEqual([]);
        for (const name of vanished) told.add(name);
      }
      expect([...told].toSorted()).toEqual(ADDRESSES[removal]);
    },
  );
});
