/**
 * Flags and ids of linux/vfio.h and linux/iommufd.h, grouped by use. A key is the C name without what the group shares:
 * `IOAS_MAP_FLAGS.READABLE` is IOMMU_IOAS_MAP_READABLE.
 */

/** What VFIO_GET_API_VERSION returns. */
export const VFIO_API_VERSION = 0;

/** IOMMU types (VFIO_SET_IOMMU) and features (VFIO_CHECK_EXTENSION). */
export const EXTENSION = {
  TYPE1_IOMMU: 1,
  TYPE1v2_IOMMU: 3,
  DMA_CC_IOMMU: 4,
  NOIOMMU_IOMMU: 8,
  UNMAP_ALL: 9,
  UPDATE_VADDR: 10,
} as const;

/** vfio_group_status.flags */
export const GROUP_FLAGS = { VIABLE: 1, CONTAINER_SET: 2 } as const;

/** vfio_device_info.flags */
export const DEVICE_INFO_FLAGS = {
  RESET: 0x1,
  PCI: 0x2,
  PLATFORM: 0x4,
  AMBA: 0x8,
  CCW: 0x10,
  AP: 0x20,
  FSL_MC: 0x40,
  CAPS: 0x80,
  CDX: 0x100,
} as const;

/** Ids in the capability chain of vfio_device_info. */
export const DEVICE_INFO_CAPABILITY = { ZPCI_BASE: 1, ZPCI_GROUP: 2, ZPCI_UTIL: 3, ZPCI_PFIP: 4, PCI_ATOMIC_COMP: 5 } as const;

/** vfio_device_info_cap_pci_atomic_comp.flags */
export const PCI_ATOMIC_FLAGS = { COMP32: 1, COMP64: 2, COMP128: 4 } as const;

/** vfio_region_info.flags */
export const REGION_INFO_FLAGS = { READ: 1, WRITE: 2, MMAP: 4, CAPS: 8 } as const;

/** Ids in the capability chain of vfio_region_info. */
export const REGION_INFO_CAPABILITY = { SPARSE_MMAP: 1, TYPE: 2, MSIX_MAPPABLE: 3 } as const;

/** vfio_region_info.index of a PCI device; what follows VGA is device-specific. */
export const PCI_REGION = { BAR0: 0, BAR1: 1, BAR2: 2, BAR3: 3, BAR4: 4, BAR5: 5, ROM: 6, CONFIG: 7, VGA: 8 } as const;
export const PCI_REGION_COUNT = 9;

/** vfio_irq_info.index of a PCI device. */
export const PCI_IRQ = { INTX: 0, MSI: 1, MSIX: 2, ERR: 3, REQ: 4 } as const;
export const PCI_IRQ_COUNT = 5;

/** vfio_irq_info.flags */
export const IRQ_INFO_FLAGS = { EVENTFD: 1, MASKABLE: 2, AUTOMASKED: 4, NORESIZE: 8 } as const;

/** vfio_irq_set.flags: one kind of data and one action. */
export const IRQ_SET_FLAGS = {
  DATA_NONE: 0x1,
  DATA_BOOL: 0x2,
  DATA_EVENTFD: 0x4,
  ACTION_MASK: 0x8,
  ACTION_UNMASK: 0x10,
  ACTION_TRIGGER: 0x20,
} as const;

/** vfio_pci_hot_reset_info.flags */
export const HOT_RESET_INFO_FLAGS = { DEV_ID: 1, DEV_ID_OWNED: 2 } as const;

/** vfio_pci_dependent_device.devid of devices that are not bound to the caller's iommufd; NOT_OWNED is -1 read as u32. */
export const HOT_RESET_DEVID = { OWNED: 0, NOT_OWNED: 0xffff_ffff } as const;

/** vfio_device_feature.flags: the id of a feature below 0x10000, and what to do with it. */
export const DEVICE_FEATURE_FLAGS = { MASK: 0xffff, GET: 0x1_0000, SET: 0x2_0000, PROBE: 0x4_0000 } as const;

export const DEVICE_FEATURE = {
  PCI_VF_TOKEN: 0,
  MIGRATION: 1,
  MIG_DEVICE_STATE: 2,
  LOW_POWER_ENTRY: 3,
  LOW_POWER_ENTRY_WITH_WAKEUP: 4,
  LOW_POWER_EXIT: 5,
  DMA_LOGGING_START: 6,
  DMA_LOGGING_STOP: 7,
  DMA_LOGGING_REPORT: 8,
  MIG_DATA_SIZE: 9,
  BUS_MASTER: 10,
  DMA_BUF: 11,
  MIG_PRECOPY_INFOv2: 12,
} as const;

/** vfio_device_feature_migration.flags */
export const MIGRATION_FLAGS = { STOP_COPY: 1, P2P: 2, PRE_COPY: 4 } as const;

/** vfio_device_feature_mig_state.device_state */
export const DEVICE_STATE = {
  ERROR: 0,
  STOP: 1,
  RUNNING: 2,
  STOP_COPY: 3,
  RESUMING: 4,
  RUNNING_P2P: 5,
  PRE_COPY: 6,
  PRE_COPY_P2P: 7,
} as const;

/** vfio_device_bind_iommufd.flags */
export const BIND_FLAGS = { TOKEN: 1 } as const;

/** vfio_device_attach_iommufd_pt.flags and vfio_device_detach_iommufd_pt.flags */
export const ATTACH_FLAGS = { PASID: 1 } as const;
export const DETACH_FLAGS = { PASID: 1 } as const;

/** vfio_iommu_type1_info.flags */
export const TYPE1_INFO_FLAGS = { PGSIZES: 1, CAPS: 2 } as const;

/** Ids in the capability chain of vfio_iommu_type1_info. */
export const TYPE1_INFO_CAPABILITY = { CAP_IOVA_RANGE: 1, CAP_MIGRATION: 2, DMA_AVAIL: 3 } as const;

/** vfio_iommu_type1_dma_map.flags. The order is not that of IOAS_MAP_FLAGS. */
export const TYPE1_MAP_FLAGS = { READ: 1, WRITE: 2, VADDR: 4 } as const;

/** vfio_iommu_type1_dma_unmap.flags */
export const TYPE1_UNMAP_FLAGS = { GET_DIRTY_BITMAP: 1, ALL: 2, VADDR: 4 } as const;

/** vfio_iommu_type1_dirty_bitmap.flags */
export const DIRTY_PAGES_FLAGS = { START: 1, STOP: 2, GET_BITMAP: 4 } as const;

/** iommu_ioas_map.flags and iommu_ioas_map_file.flags. The order is not that of TYPE1_MAP_FLAGS. */
export const IOAS_MAP_FLAGS = { FIXED_IOVA: 1, WRITEABLE: 2, READABLE: 4 } as const;

/** iommu_option.option_id: RLIMIT_MODE is of the context (object_id 0), HUGE_PAGES of an IOAS. */
export const IOMMU_OPTION_ID = { RLIMIT_MODE: 0, HUGE_PAGES: 1 } as const;
/** iommu_option.op */
export const IOMMU_OPTION_OP = { SET: 0, GET: 1 } as const;

/** iommu_vfio_ioas.op */
export const VFIO_IOAS_OP = { GET: 0, SET: 1, CLEAR: 2 } as const;

/** iommu_hwpt_alloc.flags */
export const HWPT_FLAGS = { ALLOC_NEST_PARENT: 1, ALLOC_DIRTY_TRACKING: 2, FAULT_ID_VALID: 4, ALLOC_PASID: 8 } as const;

/** iommu_hwpt_alloc.data_type */
export const HWPT_DATA = { NONE: 0, VTD_S1: 1, ARM_SMMUV3: 2, AMD_GUEST: 3 } as const;

/** iommu_hwpt_vtd_s1.flags */
export const VTD_S1_FLAGS = { SRE: 1, EAFE: 2, WPE: 4 } as const;

/** iommu_hw_info.flags */
export const HW_INFO_FLAGS = { INPUT_TYPE: 1 } as const;

/** iommu_hw_info.out_data_type */
export const HW_INFO_TYPE = { NONE: 0, INTEL_VTD: 1, ARM_SMMUV3: 2, TEGRA241_CMDQV: 3, AMD: 4 } as const;

/** iommu_hw_info_vtd.flags */
export const HW_INFO_VTD_FLAGS = { ERRATA_772415_SPR17: 1 } as const;

/** iommu_hw_info.out_capabilities */
export const HW_CAPABILITIES = { DIRTY_TRACKING: 1n, PCI_PASID_EXEC: 2n, PCI_PASID_PRIV: 4n, PCI_ATS_NOT_SUPPORTED: 8n } as const;

/** iommu_hwpt_set_dirty_tracking.flags */
export const DIRTY_TRACKING_FLAGS = { ENABLE: 1 } as const;
/** iommu_hwpt_get_dirty_bitmap.flags */
export const DIRTY_BITMAP_FLAGS = { NO_CLEAR: 1 } as const;

/** iommu_hwpt_invalidate.data_type for a hardware page table. */
export const HWPT_INVALIDATE_DATA = { VTD_S1: 0 } as const;
/** iommu_hwpt_vtd_s1_invalidate.flags */
export const VTD_INVALIDATE_FLAGS = { LEAF: 1 } as const;

/** iommu_hwpt_pgfault.flags and .perm */
export const PGFAULT_FLAGS = { PASID_VALID: 1, LAST_PAGE: 2 } as const;
export const PGFAULT_PERM = { READ: 1, WRITE: 2, EXEC: 4, PRIV: 8 } as const;
/** iommu_hwpt_page_response.code */
export const PAGE_RESPONSE = { SUCCESS: 0, INVALID: 1 } as const;

/** iommu_viommu_alloc.type, iommu_veventq_alloc.type */
export const VIOMMU_TYPE = { DEFAULT: 0 } as const;
export const VEVENTQ_TYPE = { DEFAULT: 0 } as const;
/** iommufd_vevent_header.flags */
export const VEVENTQ_FLAGS = { LOST_EVENTS: 1 } as const;
