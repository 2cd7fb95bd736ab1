import type { IovaRange } from './iova-range.ts';

/** A mapped piece of an I/O address space. Length in bytes, at least 1; `iova + length` may be 2^64. */
export interface IovaArea {
  readonly iova: bigint;
  readonly length: bigint;
}

export const areaRange = ({ iova, length }: IovaArea): IovaRange => ({ start: iova, last: iova + length - 1n });

/** Areas that do not overlap, ordered by IOVA. Look-ups take logarithmic time. */
export class IovaMap<A extends IovaArea> implements Iterable<A> {
  #areas: A[] = [];

  get size(): number {
    return this.#areas.length;
  }

  [Symbol.iterator](): Iterator<A> {
    return this.#areas.values();
  }

  /** The areas that share an IOVA with the range, in order. */
  overlapping({ start, last }: IovaRange): readonly A[] {
    const first = this.#firstEndingAt(start);
    let end = first;
    for (let area = this.#areas[end]; area !== undefined && area.iova <= last; area = this.#areas[end]) end += 1;
    return this.#areas.slice(first, end);
  }

  /** The area that holds this IOVA. */
  at(iova: bigint): A | undefined {
    const area = this.#areas[this.#firstEndingAt(iova)];
    return area !== undefined && area.iova <= iova ? area : undefined;
  }

  /** The caller has checked that nothing overlaps. */
  insert(area: A): void {
    this.#areas.splice(this.#firstEndingAt(area.iova), 0, area);
  }

  delete(area: A): void {
    const index = this.#firstEndingAt(area.iova);
    if (this.#areas[index] === area) this.#areas.splice(index, 1);
  }

  clear(): void {
    this.#areas = [];
  }

  /** Index of the first area whose last byte is at or above `iova`. */
  #firstEndingAt(iova: bigint): number {
    let low = 0;
    let high = this.#areas.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const area = this.#areas[middle];
      if (area !== undefined && area.iova + area.length <= iova) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
