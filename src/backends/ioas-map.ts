import { callAsync, call } from '../kernel/call.ts';
import { SystemCallError } from '../kernel/system-call-error.ts';
import { IOAS_MAP_FLAGS } from '../kernel/uapi/constants.ts';
import type { AddressSpace, IommufdObject, RamSection } from './address-space.ts';
import { hex } from './iova-ranges.ts';
import { ioasRangesId } from './iommufd-steps.ts';
import { ramStepId } from './ram.ts';
import type { Session } from './session.ts';
import { ioasSlot, iommufdSlot, ramSlot } from './slots.ts';
import type { Step } from './step.ts';

const FLAGS = IOAS_MAP_FLAGS.FIXED_IOVA | IOAS_MAP_FLAGS.READABLE | IOAS_MAP_FLAGS.WRITEABLE;

const MIB = 1024n * 1024n;
const SMALLEST_CHUNK = 256n * MIB;
/** More chunks than this bring nothing: the memory bus is the limit. */
const MOST_CHUNKS = 16n;

const ceilDivide = (value: bigint, by: bigint): bigint => (value + by - 1n) / by;

/**
 * Cuts RAM into pieces that are mapped at the same time: each IOAS_MAP pins and fills its own area and takes the IOAS lock
 * for reading only (drivers/iommu/iommufd/io_pagetable.c). Pieces stay aligned to 2 MiB, so huge pages are not split.
 */
export const chunkSection = (section: RamSection): RamSection[] => {
  const wanted = ceilDivide(section.size, MOST_CHUNKS);
  const chunk = wanted < SMALLEST_CHUNK ? SMALLEST_CHUNK : ceilDivide(wanted, 2n * MIB) * 2n * MIB;
  const count = Number(ceilDivide(section.size, chunk));
  return Array.from({ length: count }, (_, index) => {
    const start = BigInt(index) * chunk;
    const rest = section.size - start;
    return { ...section, iova: section.iova + start, offset: section.offset + start, size: rest < chunk ? rest : chunk };
  });
};

/** By file where the kernel can (Linux 6.13): the mapping then belongs to the memfd and not to addresses of this process. */
const mapChunk = async (session: Session, space: AddressSpace, object: IommufdObject, chunk: RamSection): Promise<void> => {
  const { kernel } = session;
  const iommufd = session.get(iommufdSlot(object)).number;
  const memory = session.get(ramSlot(chunk.block));
  const where = { flags: FLAGS, ioas_id: session.get(ioasSlot(space)), length: chunk.size, iova: chunk.iova };
  if (memory.mapsByFile && memory.file !== undefined) {
    try {
      await callAsync(kernel, iommufd, 'IOMMU_IOAS_MAP_FILE', {
        ...where,
        fd: memory.file.number,
        start: memory.fileOffset + chunk.offset,
      });
      return;
    } catch (error) {
      if (!(error instanceof SystemCallError && error.code === 'ENOTTY')) {
        throw error;
      }
    }
  }
  await callAsync(kernel, iommufd, 'IOMMU_IOAS_MAP', { ...where, user_va: memory.address + chunk.offset });
};

export const ioasMapStep = (space: AddressSpace, object: IommufdObject, chunk: RamSection): Step => ({
  id: `IOMMU_IOAS_MAP:${space.id}@${hex(chunk.iova)}`,
  call: 'IOMMU_IOAS_MAP',
  subject: space.id,
  after: [ioasRangesId(space), chunk.readyAfter ?? ramStepId(chunk.block)],
  device: space.devices[0],
  mappedBytes: chunk.size,
  run: (session) => mapChunk(session, space, object, chunk),
  undo: (session) => {
    const iommufd = session.get(iommufdSlot(object)).number;
    call(session.kernel, iommufd, 'IOMMU_IOAS_UNMAP', {
      ioas_id: session.get(ioasSlot(space)),
      iova: chunk.iova,
      length: chunk.size,
    });
  },
  explain: (reason) => ({
    message: `memory listener initialization failed: Region ${chunk.block}: vfio_container_dma_map(${hex(chunk.iova)}, ${hex(chunk.size)}): ${reason}`,
  }),
});
