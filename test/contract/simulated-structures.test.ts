import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AddressSpace, PAGE_SIZE } from '../../src/kernel/simulated/address-space.ts';
import { ErrnoException } from '../../src/kernel/simulated/errno-exception.ts';
import { areaRange, IovaMap, type IovaArea } from '../../src/kernel/simulated/iova-map.ts';
import { overlaps, subtract, U64_MAX, type IovaRange } from '../../src/kernel/simulated/iova-range.ts';
import { PageStore } from '../../src/kernel/simulated/page-store.ts';

const small = fc.bigInt({ min: 0n, max: 40n });
const area = fc.record({ iova: small, length: fc.bigInt({ min: 1n, max: 6n }) });
const range = fc.tuple(small, small).map(([a, b]): IovaRange => (a < b ? { start: a, last: b } : { start: b, last: a }));

const isIn = (value: bigint, { start, last }: IovaRange): boolean => start <= value && value <= last;
const IOVAS = Array.from({ length: 48 }, (_, index) => BigInt(index));

describe('IovaMap', () => {
  test('finds what a list that is searched from end to end finds', () => {
    fc.assert(
      fc.property(fc.array(area), fc.array(area), range, (wanted, unwanted, query) => {
        const map = new IovaMap<IovaArea>();
        let list: IovaArea[] = [];
        for (const one of wanted) {
          if (list.some((other) => overlaps(areaRange(other), areaRange(one)))) continue;
          map.insert(one);
          list.push(one);
        }
        for (const { iova } of unwanted) {
          const found = map.at(iova);
          if (found === undefined) continue;
          map.delete(found);
          list = list.filter((one) => one !== found);
        }
        const ordered = list.toSorted((a, b) => Number(a.iova - b.iova));
        expect([...map]).toEqual(ordered);
        expect(map.overlapping(query)).toEqual(ordered.filter((one) => overlaps(areaRange(one), query)));
        for (const iova of IOVAS) expect(map.at(iova)).toBe(list.find((one) => isIn(iova, areaRange(one))));
      }),
    );
  });

  test('holds an area that ends with the last byte of the 64-bit space', () => {
    const map = new IovaMap<IovaArea>();
    map.insert({ iova: U64_MAX - 4095n, length: 4096n });
    expect(map.at(U64_MAX)).toBeDefined();
    expect(map.at(U64_MAX - 4096n)).toBeUndefined();
  });
});

test('subtract leaves exactly the values that are in a range and in no hole', () => {
  fc.assert(
    fc.property(range, fc.array(range), (whole, holes) => {
      const left = subtract([whole], holes);
      for (const value of IOVAS) {
        const expected = isIn(value, whole) && !holes.some((hole) => isIn(value, hole));
        expect(left.some((one) => isIn(value, one))).toBe(expected);
      }
    }),
  );
});

describe('PageStore', () => {
  test('gives the same bytes whenever the same place is looked at', () => {
    const store = new PageStore(2 ** 31);
    store.bytes(5, 3).set([1, 2, 3]);
    expect([...store.bytes(4, 5)]).toEqual([0, 1, 2, 3, 0]);
    expect(store.bytes(2 ** 31 - 1, 1)[0]).toBe(0);
  });

  test('ends where it ends', () => {
    expect(() => new PageStore(10).bytes(8, 3)).toThrow(ErrnoException);
  });

  test('a private copy begins with the bytes of its origin, and changes alone', () => {
    const origin = new PageStore(100);
    origin.bytes(20, 3).set([7, 8, 9]);
    const copy = new PageStore(50, { store: origin, offset: 10 });
    expect([...copy.bytes(10, 3)]).toEqual([7, 8, 9]);
    copy.bytes(10, 1)[0] = 1;
    expect(origin.bytes(20, 1)[0]).toBe(7);
  });
});

describe('AddressSpace', () => {
  test('an unmapped middle leaves both ends, and a pin across it is EFAULT', () => {
    const memory = new AddressSpace();
    const address = memory.map(new PageStore(Number(4n * PAGE_SIZE)), 0, 4n * PAGE_SIZE, false);
    memory.view(address + 3n * PAGE_SIZE, 1)[0] = 9;
    memory.unmap(address + PAGE_SIZE, PAGE_SIZE);
    expect(memory.view(address + 3n * PAGE_SIZE, 1)[0]).toBe(9);
    expect(memory.pin(address + 2n * PAGE_SIZE, 2n * PAGE_SIZE)).toMatchObject([{ offset: 8192, length: 8192 }]);
    expect(() => memory.pin(address, 3n * PAGE_SIZE)).toThrow('EFAULT');
    expect(() => memory.view(address + PAGE_SIZE, 1)).toThrow('EFAULT');
  });

  test('a pin may go over mappings that touch, and no further', () => {
    const memory = new AddressSpace();
    const address = memory.map(new PageStore(Number(PAGE_SIZE)), 0, PAGE_SIZE, false);
    expect(() => memory.pin(address, PAGE_SIZE + 1n)).toThrow('EFAULT');
  });
});
