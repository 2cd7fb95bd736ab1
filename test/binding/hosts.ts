import type { BindingFacts, DeviceState } from '../../src/binding/binding-facts.ts';
import type { GroupFacts, HostModel, PciDeviceFacts } from '../../src/host/model.ts';

/** A network card at `address`; alone in group 1 unless told otherwise. */
export const card = (address: string, details: Partial<PciDeviceFacts> = {}): PciDeviceFacts => ({
  address,
  vendor: '8086',
  device: '10d3',
  class: '020000',
  driver: 'e1000e',
  group: 1,
  resetMethods: [],
  cdev: null,
  ...details,
});

export const BRIDGE = card('0000:00:09.0', { class: '060400', driver: 'pcieport', group: 5 });
export const NAMED = card('0000:02:01.0', { driver: null, group: 5 });
export const SIBLING = card('0000:02:02.0', { driver: 'virtio-pci', group: 5 });
export const MIXED_GROUP = [BRIDGE, NAMED, SIBLING];

const groupOf = (id: number): GroupFacts => ({ id, iommu: 'dmar0', type: 'DMA', reserved: [] });

export const host = (devices: readonly PciDeviceFacts[], changes: Partial<HostModel> = {}): HostModel => ({
  schema: 'vmattach.host/1',
  kernel: { release: '6.12.0', iommufd: true, vfioCdev: true, container: 'type1' },
  process: { uid: 0, gid: 0, groups: [], capabilities: [], memlock: { soft: 'unlimited', hard: 'unlimited' } },
  modules: {},
  iommus: [],
  groups: [...new Set(devices.flatMap(({ group }) => group ?? []))].map(groupOf),
  devices,
  nodes: {},
  ...changes,
});

export const IDLE: DeviceState = { override: null, uses: [] };

export const DRIVERS: ReadonlySet<string> = new Set(['vfio-pci', 'pci-stub', 'virtio-pci', 'e1000e', 'nvme']);

/** Facts about devices that nobody uses, but for what `states` says. */
export const facts = (
  devices: readonly PciDeviceFacts[],
  states: Readonly<Record<string, Partial<DeviceState>>> = {},
  changes: Partial<HostModel> = {},
): BindingFacts => ({
  host: host(devices, changes),
  states: new Map(devices.map(({ address }) => [address, { ...IDLE, ...states[address] }])),
  drivers: DRIVERS,
});
