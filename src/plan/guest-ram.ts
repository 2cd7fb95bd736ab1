import type { RamSection } from '../backends/address-space.ts';
import type { RamBlock } from '../backends/ram.ts';

const GIB = 1024n ** 3n;

/** From this size on q35 puts only 2 GiB below 4 GiB, so that the rest starts at a GiB boundary (QEMU hw/i386/pc_q35.c). */
const LOW_MEMORY_LIMIT = 0xb000_0000n;
const LOW_MEMORY_OF_LARGE = 2n * GIB;
const HIGH_MEMORY_START = 4n * GIB;

/**
 * Where guest RAM appears on the bus: below 4 GiB and, for what does not fit there, from 4 GiB on, as q35 lays it out.
 * @param readyAfter the step that mapping waits for, where that is not the one that makes the block
 */
export const layOutRam = (block: RamBlock, readyAfter?: string): RamSection[] => {
  const low = block.size < LOW_MEMORY_LIMIT ? block.size : LOW_MEMORY_OF_LARGE;
  const sections: RamSection[] = [{ iova: 0n, size: low, block: block.id, offset: 0n, readyAfter }];
  if (block.size > low) {
    sections.push({ iova: HIGH_MEMORY_START, size: block.size - low, block: block.id, offset: low, readyAfter });
  }
  return sections;
};
