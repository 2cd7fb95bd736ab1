import type { FdFacts, GroupFacts, HostModel, MediatedDeviceFacts, PciDeviceFacts, ReservedRegion } from '../../src/host/model.ts';
import { exampleHost } from './planning.ts';

/** A desktop with a GPU and its audio function in group 14 and a network card in group 16, all on vfio-pci. */
export const WORKSTATION = exampleHost('workstation');

/** A server with 64 virtual functions, 0000:41:02.0 to 0000:41:09.7, in groups 100 to 163, and dirty tracking. */
export const SERVER = exampleHost('sriov-server');

export const MDEV_UUID = 'a297db4a-f4c2-11e6-90f6-d3b88d6c9525';

const MDEV: MediatedDeviceFacts = {
  uuid: MDEV_UUID,
  parent: '0000:00:02.0',
  type: 'i915-GVTg_V5_4',
  deviceApi: 'vfio-pci',
  group: 40,
  cdev: { name: 'vfio9', device: '511:9' },
};

const owned = (device: string) => ({ device, mode: '0600', uid: 1000, gid: 1000 });

/** The host with one mediated device more, in group 40. */
export const withMediatedDevice = (host: HostModel): HostModel => ({
  ...host,
  groups: [...host.groups, { id: 40, iommu: 'unknown', type: 'unknown', reserved: [] }],
  mediatedDevices: [MDEV],
  nodes: { ...host.nodes, '/dev/vfio/40': owned('243:40'), '/dev/vfio/devices/vfio9': owned('511:9') },
});

export const withFds = (host: HostModel, fds: Readonly<Record<number, FdFacts>>): HostModel => ({ ...host, fds });

export const withDevice = (host: HostModel, address: string, changes: Partial<PciDeviceFacts>): HostModel => ({
  ...host,
  devices: host.devices.map((device) => (device.address === address ? { ...device, ...changes } : device)),
});

export const withGroup = (host: HostModel, id: number, changes: Partial<GroupFacts>): HostModel => ({
  ...host,
  groups: host.groups.map((group) => (group.id === id ? { ...group, ...changes } : group)),
});

export const withReserved = (host: HostModel, id: number, region: ReservedRegion): HostModel =>
  withGroup(host, id, { reserved: [region] });

export const withMemlock = (host: HostModel, bytes: bigint): HostModel => ({
  ...host,
  process: { ...host.process, memlock: { soft: bytes.toString(), hard: 'unlimited' } },
});

export const withRelease = (host: HostModel, release: string): HostModel => ({ ...host, kernel: { ...host.kernel, release } });

/** The host with its IOMMUs not isolating interrupts. */
export const withoutIsolation = (host: HostModel): HostModel => ({
  ...host,
  iommus: host.iommus.map((iommu) => ({ ...iommu, isolatedMsi: false })),
});

export const allowUnsafeInterrupts = (host: HostModel, module: 'vfio_iommu_type1' | 'iommufd'): HostModel => ({
  ...host,
  modules: { ...host.modules, [module]: { parameters: { allow_unsafe_interrupts: 'Y' } } },
});
