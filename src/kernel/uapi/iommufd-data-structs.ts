import { u32, u64 } from './field.ts';

/** What `data_uptr` of an iommufd ioctl points to, and what its fault and event fds are read in: linux/iommufd.h, x86 parts. */
export const IOMMUFD_DATA_STRUCTS = {
  iommu_hwpt_vtd_s1: {
    size: 24,
    minimum: 24,
    length: null,
    fields: { flags: u64(0), pgtbl_addr: u64(8), addr_width: u32(16), __reserved: u32(20) },
  },
  iommu_hwpt_amd_guest: {
    size: 32,
    minimum: 32,
    length: null,
    fields: { 'dte[0]': u64(0), 'dte[1]': u64(8), 'dte[2]': u64(16), 'dte[3]': u64(24) },
  },
  iommu_hw_info_vtd: {
    size: 24,
    minimum: 24,
    length: null,
    fields: { flags: u32(0), __reserved: u32(4), cap_reg: u64(8), ecap_reg: u64(16) },
  },
  iommu_hw_info_amd: { size: 16, minimum: 16, length: null, fields: { efr: u64(0), efr2: u64(8) } },
  iommu_hwpt_vtd_s1_invalidate: {
    size: 24,
    minimum: 24,
    length: null,
    fields: { addr: u64(0), npages: u64(8), flags: u32(16), __reserved: u32(20) },
  },
  iommu_hwpt_pgfault: {
    size: 40,
    minimum: 40,
    length: null,
    fields: {
      flags: u32(0),
      dev_id: u32(4),
      pasid: u32(8),
      grpid: u32(12),
      perm: u32(16),
      __reserved: u32(20),
      addr: u64(24),
      length: u32(32),
      cookie: u32(36),
    },
  },
  iommu_hwpt_page_response: { size: 8, minimum: 8, length: null, fields: { cookie: u32(0), code: u32(4) } },
  iommufd_vevent_header: { size: 8, minimum: 8, length: null, fields: { flags: u32(0), sequence: u32(4) } },
} as const;
