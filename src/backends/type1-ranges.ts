import type { Kernel } from '../kernel/kernel.ts';
import { callGrowing, readCapabilityChain } from '../kernel/growing-call.ts';
import { TYPE1_INFO_CAPABILITY } from '../kernel/uapi/constants.ts';
import { decode } from '../kernel/uapi/codec.ts';
import { STRUCTS } from '../kernel/uapi/structs.ts';
import type { IovaRange } from './slots.ts';

/**
 * The I/O addresses that a container can map, from the capability chain of VFIO_IOMMU_GET_INFO
 * (drivers/vfio/vfio_iommu_type1.c). Undefined where there is no such list: a container with emulated devices only.
 * @throws SystemCallError
 */
export const readType1Ranges = (kernel: Kernel, container: number): readonly IovaRange[] | undefined => {
  const bytes = callGrowing(kernel, container, 'VFIO_IOMMU_GET_INFO');
  const info = decode('vfio_iommu_type1_info', bytes);
  const capability = readCapabilityChain(bytes, info.cap_offset).find(({ id }) => id === TYPE1_INFO_CAPABILITY.CAP_IOVA_RANGE);
  if (capability === undefined) {
    return undefined;
  }
  const { nr_iovas } = decode('vfio_iommu_type1_info_cap_iova_range', bytes, capability.offset);
  const first = capability.offset + STRUCTS.vfio_iommu_type1_info_cap_iova_range.size;
  return Array.from({ length: nr_iovas }, (_, index) => {
    const { start, end } = decode('vfio_iova_range', bytes, first + index * STRUCTS.vfio_iova_range.size);
    return { start, last: end };
  });
};
