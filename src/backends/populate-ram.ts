import { SystemCallError } from '../kernel/system-call-error.ts';
import { ramStepId, type RamBlock } from './ram.ts';
import type { Session } from './session.ts';
import { ramSlot } from './slots.ts';
import type { Step } from './step.ts';

const MIB = 1024n * 1024n;

/**
 * Bytes made by one call. While one runs the process cannot map anything else (the kernel holds mmap_lock for reading), and a launch
 * that fails meanwhile waits for its end; zeroing this much takes a few ms.
 */
const PIECE = 32n * MIB;

/** The memory bus is the limit before this many threads are. */
const MOST_LANES = 16;

const pieces = (size: bigint): number => Number((size + PIECE - 1n) / PIECE);

/** How many calls make the pages of a block at the same time: no more than there are processors, or they would only take turns. */
export const populateLanes = (size: bigint, processors: number): number => Math.min(processors, MOST_LANES, pieces(size));

const othersFirst = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** Whether the pages of a block are made before it is mapped. Those of a file are read from it, which costs nothing twice. */
export const isPopulated = ({ kind }: RamBlock): boolean => kind !== 'file';

export const populateStepId = (block: string): string => `madvise:${block}`;

const populate = async (session: Session, { id, size }: RamBlock): Promise<void> => {
  // Zeroing takes all processors; a device that is being reset takes none, so binds are sent on their way before.
  await othersFirst();
  const { address } = session.get(ramSlot(id));
  let next = 0n;
  const lane = async (): Promise<void> => {
    while (next < size && !session.stopping) {
      const offset = next;
      next += PIECE;
      const left = size - offset;
      try {
        await session.kernel.populate(address + offset, left < PIECE ? left : PIECE);
      } catch (error) {
        if (!(error instanceof SystemCallError)) {
          throw error;
        }
        // Pages that cannot be made ahead are made by the call that pins them, and that one says why it cannot be done.
        next = size;
      }
    }
  };
  await Promise.all(Array.from({ length: populateLanes(size, session.kernel.processors) }, lane));
};

/**
 * Makes all pages of a block on several threads while devices are being bound and reset. Almost all of what pinning untouched memory
 * takes is zeroing its pages one after the other; pinning pages that are there takes hardly any time (docs/benchmarks.md).
 */
export const populateStep = (block: RamBlock): Step => ({
  id: populateStepId(block.id),
  call: 'madvise',
  subject: block.path,
  after: [ramStepId(block.id)],
  populatedBytes: block.size,
  run: (session) => populate(session, block),
});
