import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readHostFacts } from '../../src/host/linux-facts.ts';
import { parseHostModel } from '../../src/host/load-model.ts';
import type { HostModel } from '../../src/host/model.ts';
import { GPU, NULL_NODE, SYSTEM, type Entries } from './fake-system.ts';
import { fakePciDevice, fakeTree } from './fake-tree.ts';

const GPU_BARS = [
  { index: 0, size: '0x1000000' },
  { index: 1, size: '0x800000000' },
  { index: 5, size: '0x80' },
];

const UNRELATED: Entries = fakePciDevice({ folder: 'pci0000:00/0000:00:14.0', driver: 'xhci_hcd', group: 5, iommu: 'dmar1' });

const read = (entries: Entries, devices: readonly string[] = []): HostModel =>
  readHostFacts({ devices, fds: [], enabledVfs: true }, fakeTree(entries));

describe('readHostFacts', () => {
  it('reads a device, its group with all members, its IOMMU, and the nodes as they are', () => {
    const model = read({ ...SYSTEM, ...GPU, ...UNRELATED }, ['0000:01:00.0']);
    expect(model).toEqual({
      schema: 'vmattach.host/1',
      kernel: { release: '6.17.0', iommufd: true, vfioCdev: true, container: 'type1' },
      process: {
        uid: 1001,
        gid: 1002,
        groups: [27, 1000],
        capabilities: ['CAP_IPC_LOCK'],
        memlock: { soft: '8388608', hard: 'unlimited' },
      },
      modules: { vfio_iommu_type1: { parameters: { allow_unsafe_interrupts: 'N' } } },
      iommus: [
        {
          name: 'dmar1',
          type: 'intel',
          lastIova: '0x7fffffffff',
          isolatedMsi: true,
          dirtyTracking: false,
          enforcesCoherency: true,
        },
      ],
      groups: [
        {
          id: 14,
          iommu: 'dmar1',
          type: 'unknown',
          reserved: [
            { start: '0x7c000000', end: '0x7c01ffff', type: 'direct-relaxable' },
            { start: '0xfee00000', end: '0xfeefffff', type: 'msi' },
          ],
        },
      ],
      devices: [
        {
          address: '0000:01:00.0',
          vendor: '10de',
          device: '2684',
          class: '030000',
          driver: 'vfio-pci',
          group: 14,
          resetMethods: ['flr', 'bus'],
          cdev: { name: 'vfio0', device: '511:0' },
          bridge: '0000:00:01.0',
        },
        {
          address: '0000:01:00.1',
          vendor: '8086',
          device: '1572',
          class: '040300',
          driver: 'snd_hda_intel',
          group: 14,
          resetMethods: [],
          cdev: null,
          bridge: '0000:00:01.0',
        },
      ],
      nodes: { '/dev/vfio/vfio': NULL_NODE, '/dev/iommu': null, '/dev/vfio/14': NULL_NODE, '/dev/vfio/devices/vfio0': null },
    });
    expect(parseHostModel(JSON.stringify(model), 'recorded')).toEqual(model);
  });

  it.each(['0000:01:00.0', '01:00.0'])('takes a PCI address: %s', (address) => {
    expect(read({ ...SYSTEM, ...GPU }, [address]).devices).toHaveLength(2);
  });

  it('takes a sysfs folder, by whatever path', () => {
    const root = fakeTree({ ...SYSTEM, ...GPU });
    const addresses = ['/sys/bus/pci/devices/0000:01:00.1', '/sys/devices/pci0000:00/0000:00:01.0/0000:01:00.1'].map((folder) =>
      readHostFacts({ devices: [folder], fds: [] }, root).devices.map((device) => device.address),
    );
    expect(addresses).toEqual([
      ['0000:01:00.0', '0000:01:00.1'],
      ['0000:01:00.0', '0000:01:00.1'],
    ]);
  });

  it.each(['0000:02:00.0', '/sys/bus/pci/devices/0000:02:00.0', 'nonsense', '../../etc', ''])(
    'leaves out what is not there: %j',
    (device) => {
      expect(read({ ...SYSTEM, ...GPU }, [device]).devices).toEqual([]);
    },
  );

  it('reads everything on request, with names', () => {
    const database = { 'usr/share/misc/pci.ids': '# list\n8086  Intel Corporation\n\t1572  Ethernet Controller X710\n' };
    const model = readHostFacts(
      { devices: [], fds: [], everything: true },
      fakeTree({ ...SYSTEM, ...GPU, ...UNRELATED, ...database }),
    );
    expect(model.devices.map(({ address, name }) => [address, name])).toEqual([
      ['0000:00:14.0', 'Intel Corporation Ethernet Controller X710'],
      ['0000:01:00.0', undefined],
      ['0000:01:00.1', 'Intel Corporation Ethernet Controller X710'],
    ]);
    expect(model.groups.map(({ id, type }) => [id, type])).toEqual([
      [5, 'unknown'],
      [14, 'DMA-FQ'],
    ]);
    expect(model.devices.map(({ numaNode }) => numaNode)).toEqual([undefined, undefined, 1]);
    expect(model.devices[1]?.bars).toEqual(GPU_BARS);
  });

  it('reads the BARs for a launch where the kernel charges device memory', () => {
    const nvidia = { ...SYSTEM, ...GPU, 'proc/sys/kernel/osrelease': '6.8.0-1024-nvidia\n' };
    expect(read(nvidia, ['0000:01:00.0']).devices[0]?.bars).toEqual(GPU_BARS);
  });

  it('reads the physical function of a VF and what shares its group', () => {
    const vf = fakePciDevice({
      folder: 'pci0000:00/0000:05:10.0',
      group: 31,
      driver: 'vfio-pci',
      attributes: { physfn: { link: '../0000:05:00.0' } },
    });
    const pf = fakePciDevice({
      folder: 'pci0000:00/0000:05:00.0',
      group: 30,
      driver: 'i40e',
      attributes: { sriov_numvfs: '1\n', numa_node: '1\n' },
    });
    const beside = fakePciDevice({ folder: 'pci0000:00/0000:05:00.1', group: 30 });
    const model = read({ ...SYSTEM, ...vf, ...pf, ...beside }, ['0000:05:10.0']);
    expect(model.devices.map((device) => device.address)).toEqual(['0000:05:00.0', '0000:05:00.1', '0000:05:10.0']);
    expect(model.devices[0]).toMatchObject({ enabledVfs: 1, bridge: null });
    expect(model.devices[2]).toMatchObject({ physicalFunction: '0000:05:00.0' });
  });

  it('reads a mediated device by UUID', () => {
    const uuid = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';
    const folder = `sys/devices/virtual/mtty/mtty/${uuid}`;
    const model = read(
      {
        ...SYSTEM,
        [`sys/bus/mdev/devices/${uuid}`]: { link: `../../../devices/virtual/mtty/mtty/${uuid}` },
        [`${folder}/mdev_type`]: { link: '../mdev_supported_types/mtty-1' },
        'sys/devices/virtual/mtty/mtty/mdev_supported_types/mtty-1/device_api': 'vfio-pci\n',
        [`${folder}/iommu_group`]: { link: '../../../../../kernel/iommu_groups/3' },
        [`${folder}/vfio-dev/vfio1/dev`]: '511:1\n',
        [`sys/kernel/iommu_groups/3/devices/${uuid}`]: { link: `../../../../devices/virtual/mtty/mtty/${uuid}` },
        'sys/kernel/iommu_groups/3/name': 'vfio-noiommu\n',
        'sys/kernel/iommu_groups/3/type': 'unknown\n',
      },
      [uuid],
    );
    expect(model.mediatedDevices).toEqual([
      { uuid, parent: 'mtty', type: 'mtty-1', deviceApi: 'vfio-pci', group: 3, cdev: { name: 'vfio1', device: '511:1' } },
    ]);
    expect(model.groups).toEqual([{ id: 3, iommu: 'unknown', type: 'unknown', reserved: [] }]);
  });

  it('tells a group without IOMMU by its name and a PCI device in it', () => {
    const entries = {
      ...fakePciDevice({ folder: 'pci0000:00/0000:00:03.0', group: 0, driver: 'vfio-pci' }),
      'sys/kernel/iommu_groups/0/name': 'vfio-noiommu\n',
    };
    expect(read({ ...SYSTEM, ...entries }, ['0000:00:03.0']).groups).toMatchObject([{ id: 0, noIommu: true }]);
  });

  it('survives an empty root, and what it says is a host model', () => {
    const model = readHostFacts(
      { devices: ['0000:01:00.0'], fds: [], everything: true, holders: true },
      fakeTree({ proc: { folder: true } }),
    );
    expect(model.devices).toEqual([]);
    expect(parseHostModel(JSON.stringify(model), 'recorded')).toEqual(model);
  });

  it.skipIf(!existsSync('/proc/self/status'))('reads this very machine into a host model, twice the same', () => {
    const request = { devices: [], fds: [0, 1, 2], everything: true };
    const model = readHostFacts(request);
    expect(parseHostModel(JSON.stringify(model), 'recorded')).toEqual(model);
    expect(JSON.stringify(readHostFacts(request))).toBe(JSON.stringify(model));
  });
});
