import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RamBlock } from '../../src/backends/ram.ts';
import { layOutRam } from '../../src/plan/guest-ram.ts';

const GIB = 2n ** 30n;
const PAGE = 4096n;

const block = (size: bigint): RamBlock => ({
  id: 'pc.ram',
  path: '/objects/pc.ram',
  size,
  kind: 'anonymous',
  shared: false,
  reserved: true,
  hugePages: undefined,
  file: undefined,
});

describe('layOutRam', () => {
  test.each([
    ['small RAM below 4 GiB', PAGE, [[0n, PAGE, 0n]]],
    ['all that ends below 2816 MiB in one piece', 0xb000_0000n - PAGE, [[0n, 0xb000_0000n - PAGE, 0n]]],
    [
      'larger RAM from 2 GiB on above 4 GiB',
      0xb000_0000n,
      [
        [0n, 2n * GIB, 0n],
        [4n * GIB, 0x3000_0000n, 2n * GIB],
      ],
    ],
    [
      '8 GiB as q35 does',
      8n * GIB,
      [
        [0n, 2n * GIB, 0n],
        [4n * GIB, 6n * GIB, 2n * GIB],
      ],
    ],
  ])('puts %s', (_what, size, sections) => {
    expect(layOutRam(block(size)).map((section) => [section.iova, section.size, section.offset])).toEqual(sections);
  });

  const placed = (size: bigint, where: Parameters<typeof layOutRam>[1]) =>
    layOutRam(block(size), where).map((section) => [section.iova, section.size]);

  test.each<[machine: string, size: bigint, sections: bigint[][]]>([
    ['pc', 0xe000_0000n - PAGE, [[0n, 0xe000_0000n - PAGE]]],
    [
      'pc-i440fx-10.0',
      4n * GIB,
      [
        [0n, 3n * GIB],
        [4n * GIB, GIB],
      ],
    ],
    [
      'pc-q35-10.0',
      4n * GIB,
      [
        [0n, 2n * GIB],
        [4n * GIB, 2n * GIB],
      ],
    ],
    ['virt-10.0', 8n * GIB, [[GIB, 8n * GIB]]],
    ['s390-ccw-virtio', 8n * GIB, [[0n, 8n * GIB]]],
  ])('follows the machine type: %s', (machine, size, sections) => {
    expect(placed(size, { machine })).toEqual(sections);
  });

  test('goes around the hole below 1 TiB with an AMD CPU, when it comes near it, and only then', () => {
    const [low, high] = [2n * GIB, 1000n * GIB];
    expect(placed(low + high, { isAmd: true })).toEqual([
      [0n, low],
      [1024n * GIB, high],
    ]);
    expect(placed(low + high, { isAmd: false })).toEqual([
      [0n, low],
      [4n * GIB, high],
    ]);
    expect(placed(low + 900n * GIB, { isAmd: true })[1]).toEqual([4n * GIB, 900n * GIB]);
  });

  test('puts every byte somewhere, once, and leaves the PCI hole free', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 2n ** 28n }), (pages) => {
        const sections = layOutRam(block(pages * PAGE));
        let offset = 0n;
        let end = 0n;
        for (const section of sections) {
          expect(section.offset).toBe(offset);
          expect(section.iova >= end).toBe(true);
          expect(section.iova >= 4n * GIB || section.iova + section.size <= 0xb000_0000n).toBe(true);
          offset += section.size;
          end = section.iova + section.size;
        }
        expect(offset).toBe(pages * PAGE);
      }),
    );
  });
});
