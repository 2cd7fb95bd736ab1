import { errnoNumber } from '../errno.ts';
import type { Kernel, MapRequest, UserBuffer } from '../kernel.ts';
import { SystemCallError } from '../system-call-error.ts';
import { asyncCall, type Done } from './async-call.ts';
import type { Libc } from './libc.ts';
import { systemCall } from './system-call.ts';

const PROT_READ_WRITE = 0x1 | 0x2;
const MAP_SHARED = 0x1;
const MAP_PRIVATE = 0x2;
const MAP_ANONYMOUS = 0x20;
const MAP_NORESERVE = 0x4000;
const MADV_HUGEPAGE = 14;
const MADV_POPULATE_WRITE = 23;

type MemoryCalls = Pick<Kernel, 'allocate' | 'map' | 'unmap' | 'view' | 'adviseHugePages' | 'populate'>;

const mapFlags = ({ fd, shared, reserved = true }: MapRequest): number =>
  (shared ? MAP_SHARED : MAP_PRIVATE) | (fd === undefined ? MAP_ANONYMOUS : 0) | (reserved ? 0 : MAP_NORESERVE);

const range = (address: bigint, length: bigint): string => `0x${address.toString(16)}+0x${length.toString(16)}`;

/** mmap(2), munmap(2), madvise(2), and memory that structs can point to. */
export const memoryCalls = (libc: Libc): MemoryCalls => {
  const unreachable = new FinalizationRegistry<bigint>((address) => libc.free(address));
  return {
    allocate: (length): UserBuffer => {
      const address = libc.allocate(length);
      const memory = libc.view(address, length);
      // The array buffer is what every view of the memory holds on to, so the memory lives as long as any of them.
      unreachable.register(memory, address);
      return { address, bytes: new Uint8Array(memory) };
    },
    map: (request) => {
      const { fd = -1, length, offset = 0n } = request;
      const target = fd === -1 ? `${length} bytes` : `fd ${fd}`;
      const flags = mapFlags(request);
      return BigInt(systemCall(libc, 'mmap', target, () => libc.mmap(0n, length, PROT_READ_WRITE, flags, fd, offset)));
    },
    unmap: (address, length) => {
      systemCall(libc, 'munmap', range(address, length), () => libc.munmap(address, length));
    },
    view: (address, length) => new Uint8Array(libc.view(address, length)),
    populate: async (address, length) => {
      const start = (done: Done): void => libc.madvise.async(address, length, MADV_POPULATE_WRITE, done);
      await asyncCall(libc, 'madvise', range(address, length), start);
    },
    adviseHugePages: (address, length) => {
      try {
        systemCall(libc, 'madvise', range(address, length), () => libc.madvise(address, length, MADV_HUGEPAGE));
      } catch (error) {
        // A kernel without CONFIG_TRANSPARENT_HUGEPAGE does not know the advice.
        if (!(error instanceof SystemCallError) || error.errno !== errnoNumber('EINVAL')) throw error;
      }
    },
  };
};
