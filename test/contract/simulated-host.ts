import type { HostModel, PciDeviceFacts } from '../../src/host/model.ts';
import { createSimulatedKernel, type SimulatedKernel } from '../../src/kernel/simulated/simulated-kernel.ts';
import type { ContractDevice, ContractFixture } from './fixture.ts';

const nic = (address: string, group: number, cdev: number): PciDeviceFacts => ({
  address,
  vendor: '8086',
  device: '1572',
  class: '020000',
  driver: 'vfio-pci',
  group,
  resetMethods: ['flr', 'bus'],
  cdev: { name: `vfio${cdev}`, device: `511:${cdev}` },
  bars: [{ index: 0, size: '0x10000' }],
});

const MSI_WINDOW = { start: '0xfee00000', end: '0xfeefffff', type: 'msi' } as const;

/** The devices that the contract cases want, behind a 48-bit VT-d. */
export const HOST: HostModel = {
  schema: 'vmattach.host/1',
  kernel: { release: '7.2.13', iommufd: true, vfioCdev: true, container: 'type1' },
  process: {
    uid: 0,
    gid: 0,
    groups: [],
    capabilities: ['CAP_IPC_LOCK', 'CAP_SYS_RESOURCE'],
    memlock: { soft: 8_388_608, hard: 8_388_608 },
  },
  modules: {
    vfio_iommu_type1: { parameters: { allow_unsafe_interrupts: 'N' } },
    iommufd: { parameters: { allow_unsafe_interrupts: 'N' } },
  },
  iommus: [
    { name: 'dmar0', type: 'intel', lastIova: '0xffffffffffff', isolatedMsi: true, dirtyTracking: false, enforcesCoherency: false },
  ],
  groups: [1, 2, 3, 4].map((id) => ({ id, iommu: 'dmar0', type: 'DMA-FQ', reserved: [MSI_WINDOW] })),
  devices: [
    nic('0000:01:00.0', 1, 0),
    nic('0000:02:00.0', 2, 1),
    nic('0000:03:00.0', 3, 2),
    nic('0000:03:00.1', 3, 3),
    nic('0000:04:00.0', 4, 4),
    { ...nic('0000:04:00.1', 4, 5), driver: 'i40e', cdev: null },
  ],
};

/** An unprivileged process that owns the nodes it needs, and is held to RLIMIT_MEMLOCK. */
export const UNPRIVILEGED: HostModel = {
  ...HOST,
  process: { ...HOST.process, uid: 1000, gid: 1000, capabilities: [] },
  nodes: Object.fromEntries(
    [
      '/dev/iommu',
      ...[1, 2, 3, 4].map((id) => `/dev/vfio/${id}`),
      ...[0, 1, 2, 3, 4].map((id) => `/dev/vfio/devices/vfio${id}`),
    ].map((path, minor) => [path, { device: `500:${minor}`, mode: '0600', uid: 1000, gid: 1000 }]),
  ),
};

export const withRelease = (model: HostModel, release: string): HostModel => ({ ...model, kernel: { ...model.kernel, release } });

const device = (address: string, group: number, cdev: number): ContractDevice => ({
  address,
  groupNode: `/dev/vfio/${group}`,
  cdevNode: `/dev/vfio/devices/vfio${cdev}`,
});

/** A fresh simulated kernel as the contract cases want it. */
export const simulatedFixture = (model: HostModel): ContractFixture & { readonly kernel: SimulatedKernel } => ({
  kernel: createSimulatedKernel(model),
  release: model.kernel.release,
  device: device('0000:01:00.0', 1, 0),
  other: device('0000:02:00.0', 2, 1),
  siblings: [device('0000:03:00.0', 3, 2), device('0000:03:00.1', 3, 3)],
  blocked: device('0000:04:00.0', 4, 4),
  reservedIova: 0xfee0_0000n,
  hasIommufd: model.kernel.iommufd === true,
  container: model.kernel.container === 'iommufd' ? 'iommufd' : 'type1',
  canSetRlimitMode: model.process.capabilities.includes('CAP_SYS_RESOURCE'),
  ...(model.process.capabilities.includes('CAP_IPC_LOCK') ? {} : { memlockLimit: BigInt(model.process.memlock.soft) }),
});
