import { COMPAT_HANDLERS } from './compat-handlers.ts';
import type { IommufdFile } from './files.ts';
import type { Handler, Handlers } from './handler.ts';
import { getDirtyBitmap, getHwInfo, hwptAlloc, setDirtyTracking } from './hwpt-handlers.ts';
import { allowIovas, destroy, ioasAlloc, iovaRanges, option, vfioIoas } from './ioas-handlers.ts';
import { ioasCopy, ioasMap, ioasMapFile, ioasUnmap } from './ioas-map-handlers.ts';
import { check } from './errno-exception.ts';
import { isAtLeast } from './world.ts';

/** A call that this kernel has from a release on. @throws ErrnoException ENOTTY before */
const since =
  (major: number, minor: number, handler: Handler<IommufdFile>): Handler<IommufdFile> =>
  (world, file, argument) => {
    check(isAtLeast(world, major, minor), 'ENOTTY');
    return handler(world, file, argument);
  };

/** /dev/iommu (drivers/iommu/iommufd/main.c), and the VFIO container ioctls it takes as well. Faults, vIOMMUs and vDEVICEs are left out. */
export const IOMMUFD_HANDLERS: Handlers<IommufdFile> = {
  ...COMPAT_HANDLERS,
  IOMMU_DESTROY: destroy,
  IOMMU_IOAS_ALLOC: ioasAlloc,
  IOMMU_IOAS_ALLOW_IOVAS: allowIovas,
  IOMMU_IOAS_COPY: ioasCopy,
  IOMMU_IOAS_IOVA_RANGES: iovaRanges,
  IOMMU_IOAS_MAP: ioasMap,
  IOMMU_IOAS_UNMAP: ioasUnmap,
  IOMMU_OPTION: option,
  IOMMU_VFIO_IOAS: vfioIoas,
  IOMMU_HWPT_ALLOC: since(6, 6, hwptAlloc),
  IOMMU_GET_HW_INFO: since(6, 6, getHwInfo),
  IOMMU_HWPT_SET_DIRTY_TRACKING: since(6, 7, setDirtyTracking),
  IOMMU_HWPT_GET_DIRTY_BITMAP: since(6, 7, getDirtyBitmap),
  IOMMU_IOAS_MAP_FILE: since(6, 13, ioasMapFile),
};
