import type { HugePagePool, MemoryFacts } from './model.ts';
import type { SystemFiles } from './system-files.ts';

const POOLS = '/sys/kernel/mm/hugepages';

const readCount = (files: SystemFiles, file: string): number => {
  const text = files.text(file);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : 0;
};

const readPool = (files: SystemFiles, folder: string): HugePagePool[] => {
  const size = /^hugepages-(\d+)kB$/.exec(folder)?.[1];
  if (size === undefined) return [];
  const count = (name: string): number => readCount(files, `${POOLS}/${folder}/${name}`);
  const surplus = Math.max(0, count('nr_overcommit_hugepages') - count('surplus_hugepages'));
  const free = Math.max(0, count('free_hugepages') - count('resv_hugepages'));
  return [{ pageSize: Number(size) * 1024, pages: count('nr_hugepages'), available: free + surplus }];
};

/** The mode in brackets, e.g. `always [madvise] never` (Documentation/admin-guide/mm/transhuge.rst). */
const readTransparent = (files: SystemFiles): MemoryFacts['transparentHugePages'] => {
  const mode = /\[(\w+)\]/.exec(files.text('/sys/kernel/mm/transparent_hugepage/enabled') ?? '')?.[1];
  return mode === 'always' || mode === 'madvise' || mode === 'never' ? mode : 'unknown';
};

/** Reads the pools of huge pages (Documentation/admin-guide/mm/hugetlbpage.rst), smallest pages first. */
export const readMemory = (files: SystemFiles): MemoryFacts => ({
  hugePages: files
    .names(POOLS)
    .flatMap((folder) => readPool(files, folder))
    .toSorted((a, b) => a.pageSize - b.pageSize),
  transparentHugePages: readTransparent(files),
});
