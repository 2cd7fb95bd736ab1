import { failure } from '../errors/problem.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { OwnedFd } from '../kernel/owned-fd.ts';
import { SystemCallError } from '../kernel/system-call-error.ts';
import { explainMemory } from './explain-memory.ts';
import { ramSlot, type RamBlockMemory } from './slots.ts';
import type { Step } from './step.ts';

/** Guest RAM to make, as its memory backend describes it. */
export interface RamBlock {
  /** The object's id, or `pc.ram` for the memory that `-m` alone makes. */
  readonly id: string;
  readonly path: string;
  /** Bytes, a multiple of the page size. */
  readonly size: bigint;
  readonly kind: 'anonymous' | 'memfd' | 'file';
  readonly shared: boolean;
  /** Of swap space or huge pages, as much as it has bytes. */
  readonly reserved: boolean;
  readonly hugePages: { readonly pageSize?: bigint } | undefined;
  /** For `file`: where it is and where in it the memory starts, in bytes. */
  readonly file: { readonly path: string; readonly offset: bigint } | undefined;
}

type Backing = Pick<RamBlockMemory, 'file' | 'fileOffset' | 'mapsByFile'>;

const ANONYMOUS: Backing = { file: undefined, fileOffset: 0n, mapsByFile: false };

const makeMemfd = (kernel: Kernel, block: RamBlock): Backing => {
  const file = OwnedFd.own(kernel, kernel.createMemfd(block.id, block.hugePages));
  try {
    kernel.truncate(file.number, block.size);
  } catch (error) {
    file.close();
    throw error;
  }
  return { file, fileOffset: 0n, mapsByFile: true };
};

/** In a folder, such as that of hugetlbfs, QEMU makes a file and takes its name away at once. */
const openOrMake = (kernel: Kernel, path: string): number => {
  try {
    return kernel.open(path, { write: true, create: true, mode: 0o644 });
  } catch (error) {
    if (!(error instanceof SystemCallError) || error.code !== 'EISDIR') throw error;
    return kernel.open(path, { write: true, unnamed: true, mode: 0o600 });
  }
};

/** Opens or creates the file. A file that is there keeps its size and must be large enough (QEMU system/physmem.c). */
const openRamFile = (kernel: Kernel, block: RamBlock, path: string, offset: bigint): Backing => {
  const file = OwnedFd.own(kernel, openOrMake(kernel, path));
  try {
    const { size } = kernel.status(file.number);
    if (size === 0n) {
      kernel.truncate(file.number, offset + block.size);
    } else if (size < offset + block.size) {
      throw failure(
        'VALUE_INVALID',
        `backing store size 0x${size.toString(16)} does not match 'size' option 0x${block.size.toString(16)}`,
        {
          subject: block.path,
          cause: `${path} holds ${size} bytes; ${offset + block.size} are needed`,
          fixes: [`truncate -s ${offset + block.size} ${path}`, `give size=${size - offset}`],
        },
      );
    }
    return { file, fileOffset: offset, mapsByFile: false };
  } catch (error) {
    file.close();
    throw error;
  }
};

const makeBacking = (kernel: Kernel, block: RamBlock): Backing => {
  if (block.kind === 'memfd') {
    return makeMemfd(kernel, block);
  }
  return block.file === undefined ? ANONYMOUS : openRamFile(kernel, block, block.file.path, block.file.offset);
};

const allocate = (kernel: Kernel, block: RamBlock): RamBlockMemory => {
  const backing = makeBacking(kernel, block);
  try {
    const address = kernel.map({
      length: block.size,
      shared: block.shared,
      reserved: block.reserved,
      ...(backing.file === undefined ? {} : { fd: backing.file.number, offset: backing.fileOffset }),
    });
    if (backing.file === undefined) {
      kernel.adviseHugePages(address, block.size);
    }
    // A private mapping of a file is not the file: pinning the file would show devices other pages than the guest's.
    return { address, size: block.size, ...backing, mapsByFile: backing.mapsByFile && block.shared };
  } catch (error) {
    backing.file?.close();
    throw error;
  }
};

export const ramStepId = (block: string): string => `mmap:${block}`;

/** The step that makes one block of guest RAM. Undone by unmapping it; a file that was created stays, as with QEMU. */
export const ramStep = (block: RamBlock): Step => ({
  id: ramStepId(block.id),
  call: block.kind === 'memfd' ? 'memfd_create' : 'mmap',
  subject: block.path,
  after: [],
  run: (session) => session.put(ramSlot(block.id), allocate(session.kernel, block)),
  undo: (session) => {
    const memory = session.get(ramSlot(block.id));
    session.kernel.unmap(memory.address, memory.size);
    memory.file?.close();
    session.drop(ramSlot(block.id));
  },
  explain: (reason, _session, call, code) => explainMemory(block, reason, call, code),
});
