import * as uapi from '../../src/kernel/uapi/constants.ts';

type Group = Readonly<Record<string, number | bigint>>;

/** A group of constants, and what stands around its keys in the C names. */
interface NamedGroup {
  readonly group: Group;
  readonly prefix: string;
  readonly suffix?: string;
}

const GROUPS: readonly NamedGroup[] = [
  { group: { API_VERSION: uapi.VFIO_API_VERSION }, prefix: 'VFIO_' },
  { group: uapi.EXTENSION, prefix: 'VFIO_' },
  { group: uapi.GROUP_FLAGS, prefix: 'VFIO_GROUP_FLAGS_' },
  { group: uapi.DEVICE_INFO_FLAGS, prefix: 'VFIO_DEVICE_FLAGS_' },
  { group: uapi.DEVICE_INFO_CAPABILITY, prefix: 'VFIO_DEVICE_INFO_CAP_' },
  { group: uapi.PCI_ATOMIC_FLAGS, prefix: 'VFIO_PCI_ATOMIC_' },
  { group: uapi.REGION_INFO_FLAGS, prefix: 'VFIO_REGION_INFO_FLAG_' },
  { group: uapi.REGION_INFO_CAPABILITY, prefix: 'VFIO_REGION_INFO_CAP_' },
  { group: uapi.PCI_REGION, prefix: 'VFIO_PCI_', suffix: '_REGION_INDEX' },
  { group: { REGIONS: uapi.PCI_REGION_COUNT, IRQS: uapi.PCI_IRQ_COUNT }, prefix: 'VFIO_PCI_NUM_' },
  { group: uapi.PCI_IRQ, prefix: 'VFIO_PCI_', suffix: '_IRQ_INDEX' },
  { group: uapi.IRQ_INFO_FLAGS, prefix: 'VFIO_IRQ_INFO_' },
  { group: uapi.IRQ_SET_FLAGS, prefix: 'VFIO_IRQ_SET_' },
  { group: uapi.HOT_RESET_INFO_FLAGS, prefix: 'VFIO_PCI_HOT_RESET_FLAG_' },
  { group: uapi.HOT_RESET_DEVID, prefix: '(__u32)VFIO_PCI_DEVID_' },
  { group: uapi.DEVICE_FEATURE_FLAGS, prefix: 'VFIO_DEVICE_FEATURE_' },
  { group: uapi.DEVICE_FEATURE, prefix: 'VFIO_DEVICE_FEATURE_' },
  { group: uapi.MIGRATION_FLAGS, prefix: 'VFIO_MIGRATION_' },
  { group: uapi.DEVICE_STATE, prefix: 'VFIO_DEVICE_STATE_' },
  { group: uapi.BIND_FLAGS, prefix: 'VFIO_DEVICE_BIND_FLAG_' },
  { group: uapi.ATTACH_FLAGS, prefix: 'VFIO_DEVICE_ATTACH_' },
  { group: uapi.DETACH_FLAGS, prefix: 'VFIO_DEVICE_DETACH_' },
  { group: uapi.TYPE1_INFO_FLAGS, prefix: 'VFIO_IOMMU_INFO_' },
  { group: uapi.TYPE1_INFO_CAPABILITY, prefix: 'VFIO_IOMMU_TYPE1_INFO_' },
  { group: uapi.TYPE1_MAP_FLAGS, prefix: 'VFIO_DMA_MAP_FLAG_' },
  { group: uapi.TYPE1_UNMAP_FLAGS, prefix: 'VFIO_DMA_UNMAP_FLAG_' },
  { group: uapi.DIRTY_PAGES_FLAGS, prefix: 'VFIO_IOMMU_DIRTY_PAGES_FLAG_' },
  { group: uapi.IOAS_MAP_FLAGS, prefix: 'IOMMU_IOAS_MAP_' },
  { group: uapi.IOMMU_OPTION_ID, prefix: 'IOMMU_OPTION_' },
  { group: uapi.IOMMU_OPTION_OP, prefix: 'IOMMU_OPTION_OP_' },
  { group: uapi.VFIO_IOAS_OP, prefix: 'IOMMU_VFIO_IOAS_' },
  { group: uapi.HWPT_FLAGS, prefix: 'IOMMU_HWPT_' },
  { group: uapi.HWPT_DATA, prefix: 'IOMMU_HWPT_DATA_' },
  { group: uapi.VTD_S1_FLAGS, prefix: 'IOMMU_VTD_S1_' },
  { group: uapi.HW_INFO_FLAGS, prefix: 'IOMMU_HW_INFO_FLAG_' },
  { group: uapi.HW_INFO_TYPE, prefix: 'IOMMU_HW_INFO_TYPE_' },
  { group: uapi.HW_INFO_VTD_FLAGS, prefix: 'IOMMU_HW_INFO_VTD_' },
  { group: uapi.HW_CAPABILITIES, prefix: 'IOMMU_HW_CAP_' },
  { group: uapi.DIRTY_TRACKING_FLAGS, prefix: 'IOMMU_HWPT_DIRTY_TRACKING_' },
  { group: uapi.DIRTY_BITMAP_FLAGS, prefix: 'IOMMU_HWPT_GET_DIRTY_BITMAP_' },
  { group: uapi.HWPT_INVALIDATE_DATA, prefix: 'IOMMU_HWPT_INVALIDATE_DATA_' },
  { group: uapi.VTD_INVALIDATE_FLAGS, prefix: 'IOMMU_VTD_INV_FLAGS_' },
  { group: uapi.PGFAULT_FLAGS, prefix: 'IOMMU_PGFAULT_FLAGS_' },
  { group: uapi.PGFAULT_PERM, prefix: 'IOMMU_PGFAULT_PERM_' },
  { group: uapi.PAGE_RESPONSE, prefix: 'IOMMUFD_PAGE_RESP_' },
  { group: uapi.VIOMMU_TYPE, prefix: 'IOMMU_VIOMMU_TYPE_' },
  { group: uapi.VEVENTQ_TYPE, prefix: 'IOMMU_VEVENTQ_TYPE_' },
  { group: uapi.VEVENTQ_FLAGS, prefix: 'IOMMU_VEVENTQ_FLAG_' },
];

/** Every constant of the tables by the expression that yields it in C. */
export const cConstants: readonly (readonly [string, bigint])[] = GROUPS.flatMap(({ group, prefix, suffix = '' }) =>
  Object.entries(group).map(([key, value]) => [`${prefix}${key}${suffix}`, BigInt(value)] as const),
);

/** The groups that were given a C name; a test holds them against the module. */
export const namedGroups: ReadonlySet<unknown> = new Set(GROUPS.map(({ group }) => group));
