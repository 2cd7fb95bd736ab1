import { describe, expect, it } from 'vitest';
import type { HostModel } from '../../src/host/model.ts';
import { stockNodes } from '../../src/host/stock-nodes.ts';
import { device, group, hostModel, node } from './models.ts';

const bound = device({ driver: 'vfio-pci', cdev: { name: 'vfio3', device: '511:3' } });
const mediated = {
  uuid: '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001',
  parent: 'mtty',
  type: 'mtty-1',
  deviceApi: 'vfio-pci',
  group: 2,
  cdev: null,
};

describe('stockNodes', () => {
  it.each<[string, string[], Partial<HostModel>]>([
    ['no vfio node without a bound device', ['/dev/vfio/vfio', '/dev/iommu'], {}],
    [
      'group and cdev of a bound device',
      ['/dev/vfio/vfio', '/dev/iommu', '/dev/vfio/1', '/dev/vfio/devices/vfio3'],
      { devices: [bound] },
    ],
    [
      'one group node for a group with one bound member',
      ['/dev/vfio/vfio', '/dev/iommu', '/dev/vfio/1'],
      { devices: [device(), device({ address: '0000:01:00.1', driver: 'vfio-pci' })] },
    ],
    [
      'a mediated device',
      ['/dev/vfio/vfio', '/dev/iommu', '/dev/vfio/2'],
      { groups: [group(), group({ id: 2 })], mediatedDevices: [mediated] },
    ],
    [
      'a group without IOMMU, counted on its own',
      ['/dev/vfio/vfio', '/dev/iommu', '/dev/vfio/noiommu-0'],
      { groups: [group({ noIommu: true })], devices: [device({ driver: 'vfio-pci' })] },
    ],
    ['a kernel without container', ['/dev/iommu'], { kernel: { ...hostModel().kernel, container: 'none' } }],
    ['a kernel without iommufd', ['/dev/vfio/vfio'], { kernel: { ...hostModel().kernel, iommufd: false } }],
    ['iommufd unknown', ['/dev/vfio/vfio'], { kernel: { ...hostModel().kernel, iommufd: 'unknown' } }],
    ['a node taken away', ['/dev/iommu'], { nodes: { '/dev/vfio/vfio': null } }],
  ])('%s', (_, expected, changes) => {
    expect(Object.keys(stockNodes(hostModel(changes)))).toEqual(expected);
  });

  it('gives the modes and numbers of a stock kernel, all owned by root', () => {
    expect(stockNodes(hostModel({ devices: [bound] }))).toEqual({
      '/dev/vfio/vfio': { device: '10:196', mode: '0666', uid: 0, gid: 0 },
      '/dev/iommu': { device: '10:126', mode: '0660', uid: 0, gid: 0 },
      '/dev/vfio/1': { device: '254:0', mode: '0600', uid: 0, gid: 0 },
      '/dev/vfio/devices/vfio3': { device: '511:3', mode: '0600', uid: 0, gid: 0 },
    });
  });

  it("lets the model's own nodes win, and never gives a group the number of another node", () => {
    const nodes = { '/dev/iommu': node({ device: '10:123', gid: 104 }), '/dev/other': node({ device: '254:0' }) };
    const result = stockNodes(hostModel({ devices: [bound], nodes }));
    expect(result['/dev/iommu']).toEqual(nodes['/dev/iommu']);
    expect(result['/dev/vfio/1']?.device).toBe('253:0');
  });
});
