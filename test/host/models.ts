import type { GroupFacts, HostModel, NodeFacts, PciDeviceFacts, ProcessFacts } from '../../src/host/model.ts';

/** A plain network card on its host driver, in group 1. */
export const device = (changes: Partial<PciDeviceFacts> = {}): PciDeviceFacts => ({
  address: '0000:01:00.0',
  vendor: '8086',
  device: '1572',
  class: '020000',
  driver: 'i40e',
  group: 1,
  resetMethods: ['flr', 'bus'],
  cdev: null,
  ...changes,
});

export const group = (changes: Partial<GroupFacts> = {}): GroupFacts => ({
  id: 1,
  iommu: 'dmar0',
  type: 'DMA-FQ',
  reserved: [{ start: '0xfee00000', end: '0xfeefffff', type: 'msi' }],
  ...changes,
});

export const unprivileged = (changes: Partial<ProcessFacts> = {}): ProcessFacts => ({
  uid: 1000,
  gid: 1000,
  groups: [1000],
  capabilities: [],
  memlock: { soft: 8388608, hard: 'unlimited' },
  ...changes,
});

export const node = (changes: Partial<NodeFacts> = {}): NodeFacts => ({
  device: '243:0',
  mode: '0600',
  uid: 0,
  gid: 0,
  ...changes,
});

/** A small host that is right in every respect: VT-d, iommufd, one card in a group of its own. */
export const hostModel = (changes: Partial<HostModel> = {}): HostModel => ({
  schema: 'vmattach.host/1',
  kernel: { release: '6.17.0', iommufd: true, vfioCdev: true, container: 'type1' },
  process: unprivileged(),
  modules: { vfio: {} },
  iommus: [
    {
      name: 'dmar0',
      type: 'intel',
      lastIova: '0xffffffffffff',
      isolatedMsi: true,
      dirtyTracking: 'unknown',
      enforcesCoherency: true,
    },
  ],
  groups: [group()],
  devices: [device()],
  ...changes,
});
