import { closeSync, openSync, readSync } from 'node:fs';

/** Bytes read at once. */
const CHUNK = 1 << 20;

/** Where every read goes first: a buffer of its own for each of ten thousand small files would be most of the work. */
let scratch: Buffer | undefined;

/**
 * The text of a file. A pipe or a device says nothing about how much will come, so it is read up to the limit and no further.
 * @param limit bytes
 * @returns undefined when there is more
 * @throws what node:fs throws
 */
export const readBounded = (path: string, limit: number): string | undefined => {
  const fd = openSync(path, 'r');
  scratch ??= Buffer.allocUnsafe(CHUNK);
  try {
    const chunks: Buffer[] = [];
    for (let total = 0; total <= limit;) {
      const length = readSync(fd, scratch, 0, CHUNK, null);
      if (length === 0) return Buffer.concat(chunks).toString('utf8');
      chunks.push(Buffer.from(scratch.subarray(0, length)));
      total += length;
    }
    return undefined;
  } finally {
    closeSync(fd);
  }
};
