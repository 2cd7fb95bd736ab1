import type { StructName } from './structs.ts';

/** What kind of fd takes an ioctl. `device` came from a group, `cdev` from /dev/vfio/devices; a cdev takes all that a device takes. */
export type IoctlTarget = 'container' | 'group' | 'device' | 'cdev' | 'iommufd';

export interface IoctlDefinition {
  /** The request, `_IO(0x3b, n)`: it holds no size and no direction, and the same number means another call on another kind of fd. */
  readonly number: number;
  readonly on: IoctlTarget;
  /** A struct by name, a value in the register, a pointer to an int or to a C string, or ignored. */
  readonly argument: StructName | 'value' | 's32' | 'u32' | 'string' | 'none';
  /** Bytes to send when that is less than the whole struct. */
  readonly size?: number;
}

/** The ioctls of linux/vfio.h and linux/iommufd.h as of Linux 7.2, without those of other architectures and of migration data fds. */
export const IOCTLS = {
  VFIO_GET_API_VERSION: { number: 0x3b64, on: 'container', argument: 'none' },
  VFIO_CHECK_EXTENSION: { number: 0x3b65, on: 'container', argument: 'value' },
  VFIO_SET_IOMMU: { number: 0x3b66, on: 'container', argument: 'value' },
  VFIO_IOMMU_GET_INFO: { number: 0x3b70, on: 'container', argument: 'vfio_iommu_type1_info' },
  VFIO_IOMMU_MAP_DMA: { number: 0x3b71, on: 'container', argument: 'vfio_iommu_type1_dma_map' },
  VFIO_IOMMU_UNMAP_DMA: { number: 0x3b72, on: 'container', argument: 'vfio_iommu_type1_dma_unmap' },
  VFIO_IOMMU_DIRTY_PAGES: { number: 0x3b75, on: 'container', argument: 'vfio_iommu_type1_dirty_bitmap' },

  VFIO_GROUP_GET_STATUS: { number: 0x3b67, on: 'group', argument: 'vfio_group_status' },
  VFIO_GROUP_SET_CONTAINER: { number: 0x3b68, on: 'group', argument: 's32' },
  VFIO_GROUP_UNSET_CONTAINER: { number: 0x3b69, on: 'group', argument: 'none' },
  VFIO_GROUP_GET_DEVICE_FD: { number: 0x3b6a, on: 'group', argument: 'string' },

  VFIO_DEVICE_GET_INFO: { number: 0x3b6b, on: 'device', argument: 'vfio_device_info' },
  VFIO_DEVICE_GET_REGION_INFO: { number: 0x3b6c, on: 'device', argument: 'vfio_region_info' },
  VFIO_DEVICE_GET_IRQ_INFO: { number: 0x3b6d, on: 'device', argument: 'vfio_irq_info' },
  VFIO_DEVICE_SET_IRQS: { number: 0x3b6e, on: 'device', argument: 'vfio_irq_set' },
  VFIO_DEVICE_RESET: { number: 0x3b6f, on: 'device', argument: 'none' },
  VFIO_DEVICE_GET_PCI_HOT_RESET_INFO: { number: 0x3b70, on: 'device', argument: 'vfio_pci_hot_reset_info' },
  VFIO_DEVICE_PCI_HOT_RESET: { number: 0x3b71, on: 'device', argument: 'vfio_pci_hot_reset' },
  VFIO_DEVICE_QUERY_GFX_PLANE: { number: 0x3b72, on: 'device', argument: 'vfio_device_gfx_plane_info' },
  VFIO_DEVICE_GET_GFX_DMABUF: { number: 0x3b73, on: 'device', argument: 'u32' },
  VFIO_DEVICE_IOEVENTFD: { number: 0x3b74, on: 'device', argument: 'vfio_device_ioeventfd' },
  VFIO_DEVICE_FEATURE: { number: 0x3b75, on: 'device', argument: 'vfio_device_feature' },

  // 16 bytes are the struct of 6.6; the VF token behind them came with 6.17 and is refused with E2BIG up to 6.18 (drivers/vfio/device_cdev.c).
  VFIO_DEVICE_BIND_IOMMUFD: { number: 0x3b76, on: 'cdev', argument: 'vfio_device_bind_iommufd', size: 16 },
  VFIO_DEVICE_ATTACH_IOMMUFD_PT: { number: 0x3b77, on: 'cdev', argument: 'vfio_device_attach_iommufd_pt' },
  VFIO_DEVICE_DETACH_IOMMUFD_PT: { number: 0x3b78, on: 'cdev', argument: 'vfio_device_detach_iommufd_pt' },

  IOMMU_DESTROY: { number: 0x3b80, on: 'iommufd', argument: 'iommu_destroy' },
  IOMMU_IOAS_ALLOC: { number: 0x3b81, on: 'iommufd', argument: 'iommu_ioas_alloc' },
  IOMMU_IOAS_ALLOW_IOVAS: { number: 0x3b82, on: 'iommufd', argument: 'iommu_ioas_allow_iovas' },
  IOMMU_IOAS_COPY: { number: 0x3b83, on: 'iommufd', argument: 'iommu_ioas_copy' },
  IOMMU_IOAS_IOVA_RANGES: { number: 0x3b84, on: 'iommufd', argument: 'iommu_ioas_iova_ranges' },
  IOMMU_IOAS_MAP: { number: 0x3b85, on: 'iommufd', argument: 'iommu_ioas_map' },
  IOMMU_IOAS_UNMAP: { number: 0x3b86, on: 'iommufd', argument: 'iommu_ioas_unmap' },
  IOMMU_OPTION: { number: 0x3b87, on: 'iommufd', argument: 'iommu_option' },
  IOMMU_VFIO_IOAS: { number: 0x3b88, on: 'iommufd', argument: 'iommu_vfio_ioas' },
  IOMMU_HWPT_ALLOC: { number: 0x3b89, on: 'iommufd', argument: 'iommu_hwpt_alloc' },
  IOMMU_GET_HW_INFO: { number: 0x3b8a, on: 'iommufd', argument: 'iommu_hw_info' },
  IOMMU_HWPT_SET_DIRTY_TRACKING: { number: 0x3b8b, on: 'iommufd', argument: 'iommu_hwpt_set_dirty_tracking' },
  IOMMU_HWPT_GET_DIRTY_BITMAP: { number: 0x3b8c, on: 'iommufd', argument: 'iommu_hwpt_get_dirty_bitmap' },
  IOMMU_HWPT_INVALIDATE: { number: 0x3b8d, on: 'iommufd', argument: 'iommu_hwpt_invalidate' },
  IOMMU_FAULT_QUEUE_ALLOC: { number: 0x3b8e, on: 'iommufd', argument: 'iommu_fault_alloc' },
  IOMMU_IOAS_MAP_FILE: { number: 0x3b8f, on: 'iommufd', argument: 'iommu_ioas_map_file' },
  IOMMU_VIOMMU_ALLOC: { number: 0x3b90, on: 'iommufd', argument: 'iommu_viommu_alloc' },
  IOMMU_VDEVICE_ALLOC: { number: 0x3b91, on: 'iommufd', argument: 'iommu_vdevice_alloc' },
  IOMMU_IOAS_CHANGE_PROCESS: { number: 0x3b92, on: 'iommufd', argument: 'iommu_ioas_change_process' },
  IOMMU_VEVENTQ_ALLOC: { number: 0x3b93, on: 'iommufd', argument: 'iommu_veventq_alloc' },
  IOMMU_HW_QUEUE_ALLOC: { number: 0x3b94, on: 'iommufd', argument: 'iommu_hw_queue_alloc' },
} as const satisfies Readonly<Record<string, IoctlDefinition>>;

export type IoctlName = keyof typeof IOCTLS;

/** Kinds of fd that also take the ioctls of another kind: an iommufd stands in for a container (CONFIG_IOMMUFD_VFIO_CONTAINER). */
const STANDS_IN_FOR: Partial<Record<IoctlTarget, IoctlTarget>> = { cdev: 'device', iommufd: 'container' };

const key = (on: IoctlTarget, number: number): string => `${on} ${number}`;

const isIoctlName = (name: string): name is IoctlName => Object.hasOwn(IOCTLS, name);

const NAMES = new Map(
  Object.keys(IOCTLS)
    .filter(isIoctlName)
    .map((name) => [key(IOCTLS[name].on, IOCTLS[name].number), name]),
);

/** The ioctl that a request number means on one kind of fd; `undefined` when that kind of fd knows no such call. */
export const ioctlName = (on: IoctlTarget, number: number): IoctlName | undefined => {
  const fallback = STANDS_IN_FOR[on];
  return NAMES.get(key(on, number)) ?? (fallback && NAMES.get(key(fallback, number)));
};
