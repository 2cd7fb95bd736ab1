import { errno } from './errno-exception.ts';

/** Bytes made at a time. A fresh ArrayBuffer of this size is address space only: the host gives it pages when they are touched. */
const EXTENT_BYTES = 2 ** 30;

interface Extent {
  readonly start: number;
  readonly bytes: Uint8Array;
}

/** The pages behind a mapping or a file. They come into being when they are looked at, so a large guest costs nothing. */
export class PageStore {
  readonly #origin: { readonly store: PageStore; readonly offset: number } | undefined;
  #extents: Extent[] = [];
  #size: number;

  /** @param origin pages that a private mapping starts out as a copy of */
  constructor(size: number, origin?: { readonly store: PageStore; readonly offset: number }) {
    this.#size = size;
    this.#origin = origin;
  }

  /** A store that is exactly this memory. */
  static over(bytes: Uint8Array): PageStore {
    const store = new PageStore(bytes.length);
    store.#extents = [{ start: 0, bytes }];
    return store;
  }

  /** Bytes. */
  get size(): number {
    return this.#size;
  }

  /** What lies behind a smaller size reads as zero if the store grows again. */
  resize(size: number): void {
    if (size < this.#size) {
      for (const extent of this.#extents) extent.bytes.fill(0, Math.max(0, size - extent.start));
    }
    this.#size = size;
  }

  /**
   * The memory itself, not a copy.
   * @throws ErrnoException EFAULT behind the end, RangeError for a range across memory that was first looked at in separate parts
   */
  bytes(offset: number, length: number): Uint8Array {
    if (offset < 0 || offset + length > this.#size) throw errno('EFAULT');
    if (length === 0) return new Uint8Array(0);
    const extent =
      this.#extents.find(({ start, bytes }) => start <= offset && offset < start + bytes.length) ?? this.#grow(offset, length);
    if (offset + length > extent.start + extent.bytes.length) {
      throw new RangeError(`simulated memory: ${length} bytes at ${offset} cross parts that were touched separately`);
    }
    return extent.bytes.subarray(offset - extent.start, offset - extent.start + length);
  }

  #grow(offset: number, length: number): Extent {
    const below = this.#extents.findLast(({ start }) => start <= offset);
    const above = this.#extents.find(({ start }) => start > offset);
    const piece = Math.floor(offset / EXTENT_BYTES) * EXTENT_BYTES;
    const start = Math.max(piece, below === undefined ? 0 : below.start + below.bytes.length);
    const end = Math.min(Math.max(piece + EXTENT_BYTES, offset + length), above?.start ?? Infinity, this.#size);
    const extent = { start, bytes: new Uint8Array(end - start) };
    this.#copyOrigin(extent);
    this.#extents = [...this.#extents, extent].toSorted((a, b) => a.start - b.start);
    return extent;
  }

  #copyOrigin({ start, bytes }: Extent): void {
    if (this.#origin === undefined) return;
    const { store, offset } = this.#origin;
    for (const extent of store.#extents) {
      const from = Math.max(extent.start, start + offset);
      const to = Math.min(extent.start + extent.bytes.length, start + offset + bytes.length, store.#size);
      if (from < to) bytes.set(extent.bytes.subarray(from - extent.start, to - extent.start), from - offset - start);
    }
  }
}
