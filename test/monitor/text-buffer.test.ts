import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TextBuffer } from '../../src/monitor/text-buffer.ts';

test('TextBuffer holds what was appended, however it came', () => {
  const piece = fc.uint8Array({ maxLength: 6000 });
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), fc.nat(7000), (pieces, count) => {
      const buffer = new TextBuffer();
      for (const bytes of pieces) {
        if (bytes.length === 1) buffer.appendByte(bytes[0] ?? 0);
        else buffer.append(bytes, 0, bytes.length);
      }
      const all = Buffer.concat(pieces);
      expect(Buffer.from(buffer.last()).equals(all)).toBe(true);
      expect(Buffer.from(buffer.last(count)).equals(all.subarray(Math.max(0, all.length - count)))).toBe(true);
      buffer.clear();
      expect(buffer.last()).toHaveLength(0);
    }),
    { numRuns: 200 },
  );
});

test('TextBuffer takes a part of what it is given', () => {
  const buffer = new TextBuffer();
  buffer.append(Buffer.from('abcdef'), 2, 4);
  expect(Buffer.from(buffer.last()).toString()).toBe('cd');
});
