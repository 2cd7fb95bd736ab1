const SMALLEST = 4096;
/** Copying byte by byte is faster than making a view, up to about this many. */
const SHORT = 24;

/** Bytes that are collected piece by piece. */
export class TextBuffer {
  #bytes = new Uint8Array(SMALLEST);
  #length = 0;

  append(source: Uint8Array, from: number, to: number): void {
    const added = to - from;
    this.#reserve(added);
    if (added <= SHORT) {
      for (let at = 0; at < added; at += 1) {
        this.#bytes[this.#length + at] = source[from + at] ?? 0;
      }
    } else {
      this.#bytes.set(source.subarray(from, to), this.#length);
    }
    this.#length += added;
  }

  appendByte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.#length] = byte;
    this.#length += 1;
  }

  /** The last `count` bytes, or all; valid until the next change. */
  last(count = this.#length): Uint8Array {
    return this.#bytes.subarray(Math.max(0, this.#length - count), this.#length);
  }

  /** Starts afresh; what a large text needed is given back. */
  clear(): void {
    this.#length = 0;
    if (this.#bytes.length > SMALLEST) {
      this.#bytes = new Uint8Array(SMALLEST);
    }
  }

  #reserve(added: number): void {
    const needed = this.#length + added;
    if (needed <= this.#bytes.length) {
      return;
    }
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
