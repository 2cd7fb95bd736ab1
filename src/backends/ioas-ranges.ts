import { call } from '../kernel/call.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { SystemCallError } from '../kernel/system-call-error.ts';
import { decode } from '../kernel/uapi/codec.ts';
import { STRUCTS } from '../kernel/uapi/structs.ts';
import type { IovaRange } from './slots.ts';

/** How many ranges there are; the kernel says so by failing with EMSGSIZE, and writes the number back into the struct. */
const FIRST_GUESS = 16;

const askRanges = (kernel: Kernel, iommufd: number, ioas: number, room: number): IovaRange[] | number => {
  const { size } = STRUCTS.iommu_iova_range;
  const memory = kernel.allocate(room * size);
  try {
    const answer = call(kernel, iommufd, 'IOMMU_IOAS_IOVA_RANGES', {
      ioas_id: ioas,
      num_iovas: room,
      allowed_iovas: memory.address,
    });
    return Array.from({ length: answer.num_iovas }, (_, index) => {
      const { start, last } = decode('iommu_iova_range', memory.bytes, index * size);
      return { start, last };
    });
  } catch (error) {
    if (error instanceof SystemCallError && error.code === 'EMSGSIZE') {
      return room * 4;
    }
    throw error;
  }
};

/** The I/O addresses that every device of an IOAS can use (drivers/iommu/iommufd/ioas.c). @throws SystemCallError */
export const readIoasRanges = (kernel: Kernel, iommufd: number, ioas: number): readonly IovaRange[] => {
  let answer: IovaRange[] | number = FIRST_GUESS;
  while (typeof answer === 'number') {
    answer = askRanges(kernel, iommufd, ioas, answer);
  }
  return answer;
};
