const MOST_LINES = 8;
const MOST_BYTES = 16_384;

/** The end of a text that comes in pieces. */
export class LastLines {
  #tail = Buffer.alloc(0);

  add(chunk: Uint8Array): void {
    this.#tail = Buffer.concat([this.#tail, chunk]).subarray(-MOST_BYTES);
  }

  /** The last lines, without line ends and empty ones. */
  all(): readonly string[] {
    return this.#tail
      .toString('utf8')
      .split(/\r?\n/)
      .filter((line) => line !== '')
      .slice(-MOST_LINES);
  }
}
