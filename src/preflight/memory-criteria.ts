import type { RamBlock } from '../backends/ram.ts';
import type { MemoryFacts } from '../host/model.ts';
import { formatBytes } from '../plan/remedies.ts';
import { fails, ok, unknown, type Criterion, type Finding, type Subject } from './criterion.ts';

/** Guest RAM that is made of huge pages. */
const isHuge = ({ plan }: Subject): boolean => plan?.ram.hugePages !== undefined;

/**
 * mmap(2) fails unless one pool has all pages that the block needs. Which pool is the default one is not in the facts, so any that is
 * large enough counts when the launch names no size.
 */
const checkPools = ({ id, size, hugePages }: RamBlock, pools: MemoryFacts['hugePages']): Finding => {
  const candidates = pools.filter(({ pageSize }) => hugePages?.pageSize === undefined || BigInt(pageSize) === hugePages.pageSize);
  const fitting = candidates.find(({ pageSize, available }) => BigInt(pageSize) * BigInt(available) >= size);
  if (fitting !== undefined) {
    return ok(`${fitting.available} of ${formatBytes(BigInt(fitting.pageSize))} can be had`);
  }
  const [smallest] = candidates;
  if (smallest === undefined) {
    const wanted = hugePages?.pageSize === undefined ? '' : ` of ${formatBytes(hugePages.pageSize)}`;
    return fails({
      cause: `${id} asks for huge pages${wanted}, and the kernel has none of that size`,
      fixes: ['ls /sys/kernel/mm/hugepages lists the sizes', 'leave hugetlb= out'],
    });
  }
  const pageSize = BigInt(smallest.pageSize);
  const needed = (size + pageSize - 1n) / pageSize;
  const had = candidates.map(({ available, pageSize: bytes }) => `${available} of ${formatBytes(BigInt(bytes))}`).join(', ');
  return fails({
    cause: `${id} needs ${needed} huge pages of ${formatBytes(pageSize)}; what can be had: ${had}`,
    fixes: [`echo ${needed} > /sys/kernel/mm/hugepages/hugepages-${pageSize / 1024n}kB/nr_hugepages`, 'leave hugetlb= out'],
  });
};

/** Pinning and mapping by small pages works, and takes longer. */
const checkTransparent = ({ hugePages, transparentHugePages }: MemoryFacts): Finding => {
  const available = hugePages.filter((pool) => pool.available > 0);
  if (available.length > 0) {
    return ok(available.map((pool) => `${pool.available} of ${formatBytes(BigInt(pool.pageSize))} can be had`).join(', '));
  }
  return transparentHugePages === 'never'
    ? fails({
        cause:
          'no huge pages are reserved and transparent ones are off: guest RAM is pinned and mapped page by page, which takes longer',
        fixes: ['echo madvise > /sys/kernel/mm/transparent_hugepage/enabled'],
      })
    : ok(`none reserved, transparent ones: ${transparentHugePages}`);
};

const checkHugePages = (subject: Subject): Finding | undefined => {
  const { model, plan } = subject;
  if (plan !== undefined && isHuge(subject)) {
    return model.memory === undefined
      ? unknown('the host model does not say how many huge pages there are')
      : checkPools(plan.ram, model.memory.hugePages);
  }
  return model.memory === undefined ? undefined : checkTransparent(model.memory);
};

/** Where guest RAM comes from. */
export const MEMORY_CRITERIA: readonly Criterion[] = [
  { id: 'huge-pages', title: 'huge pages', codes: [], hard: isHuge, check: checkHugePages },
];
