import { u16, u32, u64 } from './field.ts';

/** What the ioctls of a VFIO group and of a type1 container take, and the capabilities a container reports: linux/vfio.h. */
export const VFIO_CONTAINER_STRUCTS = {
  vfio_info_cap_header: { size: 8, minimum: 8, length: null, fields: { id: u16(0), version: u16(2), next: u32(4) } },
  vfio_group_status: { size: 8, minimum: 8, length: 'argsz', fields: { argsz: u32(0), flags: u32(4) } },
  vfio_iommu_type1_info: {
    size: 24,
    minimum: 16,
    length: 'argsz',
    fields: { argsz: u32(0), flags: u32(4), iova_pgsizes: u64(8), cap_offset: u32(16), pad: u32(20) },
  },
  vfio_iova_range: { size: 16, minimum: 16, length: null, fields: { start: u64(0), end: u64(8) } },
  vfio_iommu_type1_info_cap_iova_range: {
    size: 16,
    minimum: 16,
    length: null,
    fields: { 'header.id': u16(0), 'header.version': u16(2), 'header.next': u32(4), nr_iovas: u32(8), reserved: u32(12) },
  },
  vfio_iommu_type1_info_cap_migration: {
    size: 32,
    minimum: 32,
    length: null,
    fields: {
      'header.id': u16(0),
      'header.version': u16(2),
      'header.next': u32(4),
      flags: u32(8),
      pgsize_bitmap: u64(16),
      max_dirty_bitmap_size: u64(24),
    },
  },
  vfio_iommu_type1_info_dma_avail: {
    size: 12,
    minimum: 12,
    length: null,
    fields: { 'header.id': u16(0), 'header.version': u16(2), 'header.next': u32(4), avail: u32(8) },
  },
  vfio_iommu_type1_dma_map: {
    size: 32,
    minimum: 32,
    length: 'argsz',
    fields: { argsz: u32(0), flags: u32(4), vaddr: u64(8), iova: u64(16), size: u64(24) },
  },
  vfio_bitmap: { size: 24, minimum: 24, length: null, fields: { pgsize: u64(0), size: u64(8), data: u64(16) } },
  vfio_iommu_type1_dma_unmap: {
    size: 24,
    minimum: 24,
    length: 'argsz',
    fields: { argsz: u32(0), flags: u32(4), iova: u64(8), size: u64(16) },
  },
  vfio_iommu_type1_dirty_bitmap: { size: 8, minimum: 8, length: 'argsz', fields: { argsz: u32(0), flags: u32(4) } },
  vfio_iommu_type1_dirty_bitmap_get: {
    size: 40,
    minimum: 40,
    length: null,
    fields: { iova: u64(0), size: u64(8), 'bitmap.pgsize': u64(16), 'bitmap.size': u64(24), 'bitmap.data': u64(32) },
  },
} as const;
