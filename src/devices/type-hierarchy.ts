import { isMemoryBackend, OBJECT_TYPES } from '../objects/object-types.ts';
import { DEVICE_TYPES } from './device-types.ts';

/** A class of QEMU's object model. */
export interface TypeInfo {
  readonly name: string;
  /** Only the root has none. */
  readonly parent?: string;
  /** There are no objects of it, only of its children. */
  readonly abstract?: true;
}

/** The type of the built-in machine itself. */
export const MACHINE_TYPE = 'bare-machine';

const BUS_PARENTS = {
  PCI: 'pci-device',
  'vfio-ap-bus': 'ap-device',
  'virtual-css-bus': 's390-ccw',
  System: 'sys-bus-device',
} as const;

const abstract = (name: string, parent?: string): TypeInfo => ({ name, ...(parent !== undefined && { parent }), abstract: true });

/** The classes that things are of here, and those that QEMU's two backends are made of, for clients that look for them. */
const BASES: readonly TypeInfo[] = [
  abstract('object'),
  { name: 'container', parent: 'object' },
  abstract('memory-backend', 'object'),
  abstract('device', 'object'),
  ...Object.values(BUS_PARENTS).map((name) => abstract(name, 'device')),
  abstract('machine', 'object'),
  { name: MACHINE_TYPE, parent: 'machine' },
  abstract('host-iommu-device', 'object'),
  abstract('host-iommu-device-iommufd', 'host-iommu-device'),
  { name: 'host-iommu-device-iommufd-vfio', parent: 'host-iommu-device-iommufd' },
  { name: 'host-iommu-device-legacy-vfio', parent: 'host-iommu-device' },
  abstract('vfio-iommu', 'object'),
  { name: 'vfio-iommu-iommufd', parent: 'vfio-iommu' },
  { name: 'vfio-iommu-legacy', parent: 'vfio-iommu' },
];

/** Every type, by name. */
export const TYPES: ReadonlyMap<string, TypeInfo> = new Map(
  [
    ...BASES,
    ...OBJECT_TYPES.map(({ name }) => ({ name, parent: isMemoryBackend(name) ? 'memory-backend' : 'object' })),
    ...DEVICE_TYPES.map(({ name, bus }) => ({ name, parent: name === 'vfio-pci-nohotplug' ? 'vfio-pci' : BUS_PARENTS[bus] })),
  ].map((type) => [type.name, type]),
);

export const isAbstractType = (name: string): boolean => TYPES.get(name)?.abstract === true;

/** Whether a type is another one or descends from it. */
export const isOfType = (name: string, ancestor: string): boolean => {
  for (let type = TYPES.get(name); type !== undefined; type = type.parent === undefined ? undefined : TYPES.get(type.parent)) {
    if (type.name === ancestor) {
      return true;
    }
  }
  return false;
};
