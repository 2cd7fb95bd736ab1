import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RamSection } from '../../src/backends/address-space.ts';
import { chunkSection } from '../../src/backends/ioas-map.ts';

const MIB = 2n ** 20n;
const GIB = 2n ** 30n;
const PAGE = 4096n;

const section = (size: bigint, iova = 0n, offset = 0n): RamSection => ({ iova, size, block: 'm', offset });

const sizes = (size: bigint): readonly bigint[] => chunkSection(section(size)).map((chunk) => chunk.size);

describe('chunkSection', () => {
  test.each([
    ['leaves up to 256 MiB whole', 256n * MIB, [256n * MIB]],
    ['leaves one page whole', PAGE, [PAGE]],
    ['cuts a page more off', 256n * MIB + PAGE, [256n * MIB, PAGE]],
    ['cuts 1 GiB in four', GIB, [256n * MIB, 256n * MIB, 256n * MIB, 256n * MIB]],
    ['cuts 64 GiB in sixteen', 64n * GIB, Array.from({ length: 16 }, () => 4n * GIB)],
  ])('%s', (_what, size, chunks) => {
    expect(sizes(size)).toEqual(chunks);
  });

  test('covers a section without gap or overlap, in at most 16 pieces that start at 2 MiB boundaries of it', () => {
    const pages = fc.bigInt({ min: 1n, max: 2n ** 32n });
    fc.assert(
      fc.property(pages, pages, pages, (size, iova, offset) => {
        const whole = section(size * PAGE, iova * PAGE, offset * PAGE);
        const chunks = chunkSection(whole);
        let reached = 0n;
        for (const chunk of chunks) {
          expect(chunk).toMatchObject({ iova: whole.iova + reached, offset: whole.offset + reached, block: 'm' });
          expect(reached % (2n * MIB)).toBe(0n);
          expect(chunk.size > 0n).toBe(true);
          reached += chunk.size;
        }
        expect(reached).toBe(whole.size);
        expect(chunks.length).toBeLessThanOrEqual(16);
      }),
    );
  });
});
