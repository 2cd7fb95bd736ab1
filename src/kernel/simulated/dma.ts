import type { Translation } from './iommu-group.ts';

/** Copies between a device's buffer and memory, piece by piece as the IOMMU translates. @returns false at the first fault */
type Copy = (memory: Uint8Array, buffer: Uint8Array) => void;

const transfer = (translation: Translation, iova: bigint, buffer: Uint8Array, isWrite: boolean, copy: Copy): boolean => {
  let done = 0;
  while (done < buffer.length) {
    const at = iova + BigInt(done);
    const area = translation.area(at);
    if (area === undefined || !(isWrite ? area.writable : area.readable)) return false;
    let skip = Number(at - area.iova);
    for (const { store, offset, length } of area.segments()) {
      const count = Math.min(length - skip, buffer.length - done);
      if (count > 0) {
        copy(store.bytes(offset + skip, count), buffer.subarray(done, done + count));
        done += count;
      }
      skip = Math.max(0, skip - length);
    }
  }
  return true;
};

/** A device reads memory. @param into its buffer  @returns false for an IOVA it cannot read */
export const dmaRead = (translation: Translation | null, iova: bigint, into: Uint8Array): boolean =>
  translation !== null && transfer(translation, iova, into, false, (memory, buffer) => buffer.set(memory));

/** A device writes memory. @returns false for an IOVA it cannot write; what lies before it is written */
export const dmaWrite = (translation: Translation | null, iova: bigint, from: Uint8Array): boolean => {
  if (translation === null || from.length === 0) return translation !== null;
  const isDone = transfer(translation, iova, from, true, (memory, buffer) => memory.set(buffer));
  if (isDone) translation.noteWrite?.({ start: iova, last: iova + BigInt(from.length) - 1n });
  return isDone;
};
