import { describe, expect, it } from 'vitest';
import { readHostFacts } from '../../src/host/linux-facts.ts';
import { GPU, NULL_NODE, SYSTEM } from './fake-system.ts';
import { fakePciDevice, fakeTree } from './fake-tree.ts';

describe('facts that are known', () => {
  it('are taken over and not read', () => {
    const root = fakeTree({ ...SYSTEM, ...GPU });
    const whole = readHostFacts({ devices: ['0000:01:00.0'], fds: [] }, root);
    const iommus = whole.iommus.map((iommu) => ({ ...iommu, lastIova: '0xffff' }));
    const known = {
      kernel: { ...whole.kernel, release: '7.0' },
      process: { ...whole.process, uid: 4711 },
      modules: { vfio: {} },
      iommus,
    };
    const facts = readHostFacts({ devices: ['0000:01:00.0'], fds: [], known }, root);
    expect(facts).toMatchObject(known);
    expect(facts.devices).toEqual(whole.devices);
  });

  it('do not hide what the device cgroup denies a device that is added', () => {
    const cgroup = {
      'proc/self/cgroup': '5:devices:/\n',
      'sys/fs/cgroup/devices/devices.list': 'c 10:* rwm\n',
    };
    const root = fakeTree({ ...SYSTEM, ...GPU, ...cgroup });
    const known = readHostFacts({ devices: [], fds: [] }, root);
    const facts = readHostFacts({ devices: ['0000:01:00.0'], fds: [], known }, root);
    expect(facts.nodes?.['/dev/vfio/14']).toEqual({ ...NULL_NODE, deniedByCgroup: true });
  });
});

describe('what a request does not need', () => {
  const tree = { ...SYSTEM, ...GPU };
  const device = '0000:01:00.0';

  it('is left out: the nodes of groups for devices that are attached by their cdevs, unless holders are looked for', () => {
    const nodes = (more: object): readonly string[] =>
      Object.keys(readHostFacts({ devices: [device], fds: [], ...more }, fakeTree(tree)).nodes ?? {});
    expect(nodes({})).toContain('/dev/vfio/14');
    expect(nodes({ byCdev: true })).not.toContain('/dev/vfio/14');
    expect(nodes({ byCdev: true, holders: true })).toContain('/dev/vfio/14');
    expect(nodes({ byCdev: true }).filter((node) => node.startsWith('/dev/vfio/devices/'))).toEqual(
      nodes({}).filter((node) => node.startsWith('/dev/vfio/devices/')),
    );
  });

  it('is left out: how many VFs are enabled', () => {
    const physical = fakePciDevice({ folder: 'pci0000:00/0000:05:00.0', attributes: { sriov_numvfs: '1\n' } });
    const vfs = (more: object) =>
      readHostFacts({ devices: ['0000:05:00.0'], fds: [], ...more }, fakeTree({ ...SYSTEM, ...physical })).devices[0]?.enabledVfs;
    expect([vfs({}), vfs({ enabledVfs: true })]).toEqual([undefined, 1]);
  });
});
