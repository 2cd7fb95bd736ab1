import { describe, expect, it } from 'vitest';
import { readMemory } from '../../src/host/read-memory.ts';
import { createSystemFiles } from '../../src/host/system-files.ts';
import { fakeTree, type Entry } from './fake-tree.ts';

const POOL = 'sys/kernel/mm/hugepages/hugepages-2048kB';
const GIANT = 'sys/kernel/mm/hugepages/hugepages-1048576kB';
const TRANSPARENT = 'sys/kernel/mm/transparent_hugepage/enabled';

const read = (entries: Readonly<Record<string, Entry>>) => readMemory(createSystemFiles(fakeTree(entries)));

describe('readMemory', () => {
  it('lists pools by page size, with what can still be had', () => {
    expect(
      read({
        [`${GIANT}/nr_hugepages`]: '4\n',
        [`${GIANT}/free_hugepages`]: '3\n',
        [`${GIANT}/resv_hugepages`]: '1\n',
        [`${POOL}/nr_hugepages`]: '0\n',
        [`${POOL}/nr_overcommit_hugepages`]: '10\n',
        [`${POOL}/surplus_hugepages`]: '4\n',
      }).hugePages,
    ).toEqual([
      { pageSize: 2 * 1024 ** 2, pages: 0, available: 6 },
      { pageSize: 1024 ** 3, pages: 4, available: 2 },
    ]);
  });

  it.each([
    ['always [madvise] never\n', 'madvise'],
    ['[always] madvise never\n', 'always'],
    ['always madvise [never]\n', 'never'],
    ['always [inherit] never\n', 'unknown'],
    ['', 'unknown'],
  ])('reads the mode of transparent ones from %j', (text, mode) => {
    expect(read({ [TRANSPARENT]: text }).transparentHugePages).toBe(mode);
  });

  it('says nothing where the kernel says nothing', () => {
    expect(read({ proc: { folder: true } })).toEqual({ hugePages: [], transparentHugePages: 'unknown' });
  });
});
