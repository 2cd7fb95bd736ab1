import { describe, expect, test } from 'vitest';
import { IOCTLS, ioctlName, type IoctlTarget } from '../../src/kernel/uapi/ioctls.ts';

describe('IOCTLS', () => {
  test.each([
    ['VFIO_GET_API_VERSION', 15204],
    ['VFIO_SET_IOMMU', 15206],
    ['VFIO_GROUP_GET_DEVICE_FD', 15210],
    ['VFIO_DEVICE_RESET', 15215],
    ['VFIO_IOMMU_MAP_DMA', 15217],
    ['VFIO_DEVICE_FEATURE', 15221],
    ['VFIO_DEVICE_BIND_IOMMUFD', 15222],
    ['IOMMU_DESTROY', 15232],
    ['IOMMU_IOAS_MAP', 15237],
    ['IOMMU_VFIO_IOAS', 15240],
    ['IOMMU_HW_QUEUE_ALLOC', 15252],
  ] as const)('%s is %i', (name, number) => {
    expect(IOCTLS[name].number).toBe(number);
  });

  test('has no number twice on one kind of fd', () => {
    const keys = Object.values(IOCTLS).map(({ on, number }) => `${on} ${number}`);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('ioctlName', () => {
  test.each<[IoctlTarget, number, string | undefined]>([
    ['container', 0x3b70, 'VFIO_IOMMU_GET_INFO'],
    ['device', 0x3b70, 'VFIO_DEVICE_GET_PCI_HOT_RESET_INFO'],
    ['container', 0x3b71, 'VFIO_IOMMU_MAP_DMA'],
    ['device', 0x3b71, 'VFIO_DEVICE_PCI_HOT_RESET'],
    ['container', 0x3b75, 'VFIO_IOMMU_DIRTY_PAGES'],
    ['cdev', 0x3b75, 'VFIO_DEVICE_FEATURE'],
    ['cdev', 0x3b76, 'VFIO_DEVICE_BIND_IOMMUFD'],
    ['device', 0x3b76, undefined],
    ['iommufd', 0x3b85, 'IOMMU_IOAS_MAP'],
    ['iommufd', 0x3b66, 'VFIO_SET_IOMMU'],
    ['container', 0x3b85, undefined],
    ['group', 0x3b64, undefined],
    ['iommufd', 0x3ba0, undefined],
  ])('on a %s fd, %i is %s', (on, number, name) => {
    expect(ioctlName(on, number)).toBe(name);
  });

  test.each(Object.entries(IOCTLS))('finds %s by its own number', (name, { on, number }) => {
    expect(ioctlName(on, number)).toBe(name);
  });
});
