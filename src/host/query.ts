import type { GroupFacts, HostModel, IommuFacts, NodeFacts, PciDeviceFacts } from './model.ts';

/** The device at a full PCI address (`0000:01:00.0`), if the host has it. */
export const findDevice = (model: HostModel, address: string): PciDeviceFacts | undefined =>
  model.devices.find((device) => device.address === address);

export const findGroup = (model: HostModel, id: number): GroupFacts | undefined => model.groups.find((group) => group.id === id);

/** All PCI devices of an IOMMU group, in the order of the model. */
export const groupMembers = (model: HostModel, groupId: number): readonly PciDeviceFacts[] =>
  model.devices.filter((device) => device.group === groupId);

/** The IOMMU that translates for a group; undefined when it is not known. */
export const iommuOfGroup = (model: HostModel, groupId: number): IommuFacts | undefined => {
  const name = findGroup(model, groupId)?.iommu;
  return model.iommus.find((iommu) => iommu.name === name);
};

export const groupNodePath = (groupId: number): string => `/dev/vfio/${groupId}`;

/** @param name the cdev's name as in sysfs, e.g. `vfio3` */
export const cdevNodePath = (name: string): string => `/dev/vfio/devices/${name}`;

/** A node of a completed node table (see `stockNodes`), by path; undefined when there is no such node. */
export const nodeOf = (nodes: Readonly<Record<string, NodeFacts>>, path: string): NodeFacts | undefined =>
  Object.hasOwn(nodes, path) ? nodes[path] : undefined;

/**
 * Whether a driver hands its devices to vfio: `vfio-pci`, a variant driver (`mlx5_vfio_pci`, `nvgrace_gpu_vfio_pci`), or a bus's own
 * (`vfio-platform`, `vfio_ap`). Every such driver in the kernel tree has the word vfio in its name.
 */
export const isVfioDriver = (driver: string | null): boolean => driver !== null && /(^|[-_])vfio([-_]|$)/.test(driver);

/**
 * Whether vfio has the device. A cdev proves it for any driver: a vendor's own driver may register its VFs with vfio.
 */
export const isVfioBound = (device: PciDeviceFacts): boolean => isVfioDriver(device.driver) || device.cdev !== null;

/** PCI-to-PCI bridges, base class 06, subclass 04. */
export const isBridge = (device: PciDeviceFacts): boolean => device.class.startsWith('0604');

/** Drivers that leave the DMA of their devices to others: `driver_managed_dma` in drivers/pci/pcie/portdrv.c and drivers/pci/pci-stub.c. */
const DRIVERS_WITHOUT_DMA: ReadonlySet<string> = new Set(['pcieport', 'pci-stub']);

/**
 * Whether this device keeps vfio from owning its group: a host driver is bound that uses the DMA API (no `driver_managed_dma`;
 * drivers/iommu/iommu.c, `iommu_device_use_default_domain`). Bridges do not count: vfio cannot take them and they do no DMA for a driver.
 */
export const blocksViability = (device: PciDeviceFacts): boolean =>
  device.driver !== null && !DRIVERS_WITHOUT_DMA.has(device.driver) && !isBridge(device) && !isVfioBound(device);

/** The members of a group that keep it from being viable; none means viable. */
export const viabilityBlockers = (model: HostModel, groupId: number): readonly PciDeviceFacts[] =>
  groupMembers(model, groupId).filter(blocksViability);
