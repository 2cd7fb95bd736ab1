import { check, errno } from './errno-exception.ts';
import { IovaMap, areaRange, type IovaArea } from './iova-map.ts';
import { PageStore } from './page-store.ts';

/** A piece of a store that a run of addresses stands for. Offset and length in bytes. */
export interface Segment {
  readonly store: PageStore;
  readonly offset: number;
  readonly length: number;
  /** A BAR: it takes no page of RAM, is never charged, and iommufd cannot pin it by address. */
  readonly mmio: boolean;
}

/** A mapping has the shape of a mapped IOVA area, with user addresses in place of IOVAs. */
interface Mapping extends IovaArea {
  readonly store: PageStore;
  readonly offset: number;
  readonly mmio: boolean;
}

export const PAGE_SIZE = 4096n;

const MMAP_BASE = 0x7f00_0000_0000n;
const HEAP_BASE = 0x5555_0000_0000n;
const HEAP_ALIGNMENT = 16n;

const roundUp = (value: bigint, alignment: bigint): bigint => ((value + alignment - 1n) / alignment) * alignment;

const part = ({ iova, store, offset, mmio }: Mapping, start: bigint, end: bigint): Mapping => ({
  iova: start,
  length: end - start,
  store,
  offset: offset + Number(start - iova),
  mmio,
});

/** The memory of the one simulated process: which user address stands for which bytes. Addresses are never used twice. */
export class AddressSpace {
  readonly #mappings = new IovaMap<Mapping>();
  #nextMapping = MMAP_BASE;
  #nextAllocation = HEAP_BASE;

  /** mmap(2). @param length bytes, whole pages  @returns the address */
  map(store: PageStore, offset: number, length: bigint, mmio: boolean): bigint {
    const address = this.#nextMapping;
    // One page is left out between mappings, so that running past an end is EFAULT.
    this.#nextMapping += length + PAGE_SIZE;
    this.#mappings.insert({ iova: address, length, store, offset, mmio });
    return address;
  }

  /** Gives an address to memory that JavaScript holds. */
  register(bytes: Uint8Array): bigint {
    const address = this.#nextAllocation;
    this.#nextAllocation += roundUp(BigInt(bytes.length) + 1n, HEAP_ALIGNMENT);
    if (bytes.length > 0) {
      this.#mappings.insert({ iova: address, length: BigInt(bytes.length), store: PageStore.over(bytes), offset: 0, mmio: false });
    }
    return address;
  }

  /** munmap(2): parts of mappings may go; a range without any is not an error. Pages that a device has pinned live on. */
  unmap(address: bigint, length: bigint): void {
    check(address % PAGE_SIZE === 0n && length > 0n, 'EINVAL');
    const end = address + roundUp(length, PAGE_SIZE);
    for (const mapping of this.#mappings.overlapping({ start: address, last: end - 1n })) {
      const mappingEnd = mapping.iova + mapping.length;
      this.#mappings.delete(mapping);
      if (mapping.iova < address) this.#mappings.insert(part(mapping, mapping.iova, address));
      if (end < mappingEnd) this.#mappings.insert(part(mapping, end, mappingEnd));
    }
  }

  /** What mmap made and munmap has not taken away. */
  mapped(): readonly { readonly address: bigint; readonly length: bigint }[] {
    return [...this.#mappings].filter(({ iova }) => iova >= MMAP_BASE).map(({ iova, length }) => ({ address: iova, length }));
  }

  /** The bytes at an address. @throws ErrnoException EFAULT unless one mapping holds them all */
  view(address: bigint, length: number): Uint8Array {
    const mapping = this.#mappings.at(address);
    if (mapping === undefined || address + BigInt(length) > mapping.iova + mapping.length) throw errno('EFAULT');
    return mapping.store.bytes(mapping.offset + Number(address - mapping.iova), length);
  }

  /** As many bytes as the mapping has from an address on, but no more than `most`. */
  viewUpTo(address: bigint, most: number): Uint8Array {
    const mapping = this.#mappings.at(address);
    if (mapping === undefined) throw errno('EFAULT');
    const left = mapping.iova + mapping.length - address;
    return this.view(address, left < BigInt(most) ? Number(left) : most);
  }

  /** What a pin of these pages holds on to. @throws ErrnoException EFAULT for a hole, or for a file that ends before */
  pin(address: bigint, length: bigint): readonly Segment[] {
    const end = address + length;
    const segments: Segment[] = [];
    let reached = address;
    for (const mapping of this.#mappings.overlapping(areaRange({ iova: address, length }))) {
      check(mapping.iova <= reached, 'EFAULT');
      const mappingEnd = mapping.iova + mapping.length;
      const piece = part(mapping, reached, mappingEnd < end ? mappingEnd : end);
      check(piece.offset + Number(piece.length) <= piece.store.size, 'EFAULT');
      segments.push({ store: piece.store, offset: piece.offset, length: Number(piece.length), mmio: piece.mmio });
      reached += piece.length;
    }
    check(reached === end, 'EFAULT');
    return segments;
  }
}
