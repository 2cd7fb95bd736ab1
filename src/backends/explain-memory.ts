import type { RamBlock } from './ram.ts';
import type { FailureText } from './step.ts';

const MIB = 1024n * 1024n;

const folderOf = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf('/')));

/** Why a file cannot be guest RAM, by errno. */
const FILE_CAUSES: Readonly<Record<string, (path: string) => Omit<FailureText, 'message'>>> = {
  ENOENT: (path) => ({ cause: `the folder of ${path} does not exist`, fixes: [`mkdir -p ${folderOf(path)}`] }),
  EACCES: (path) => ({ cause: `this user may not write ${path}`, fixes: [`name a file that this user may write`] }),
  ENOSPC: (path) => ({ cause: `the file system of ${path} is full`, fixes: [`df -h ${folderOf(path)}`] }),
};

const LESS_RAM = 'give the VM less RAM with -m';
const MORE_HUGE_PAGES = ['grep Huge /proc/meminfo', 'sysctl vm.nr_hugepages=N'];

const notEnough = ({ size, hugePages }: RamBlock): Omit<FailureText, 'message'> =>
  hugePages === undefined
    ? {
        cause: `the host cannot set aside ${size / MIB} MiB of memory and swap`,
        fixes: [LESS_RAM, 'reserve=off on a memory backend sets nothing aside'],
      }
    : {
        cause: `the host has not enough free huge pages for ${size / MIB} MiB`,
        fixes: MORE_HUGE_PAGES,
      };

/** mmap(2) of a file is short of memory where something is set aside: pages of hugetlbfs, and memory for what a private mapping writes. */
const tooFewPages = ({ size, shared }: RamBlock, path: string): Omit<FailureText, 'message'> => ({
  cause: shared
    ? `the file system of ${path} has not ${size / MIB} MiB of free pages`
    : `the host cannot set aside ${size / MIB} MiB for what the guest changes of ${path}: huge pages on hugetlbfs, else memory and swap`,
  fixes: shared
    ? [...MORE_HUGE_PAGES, LESS_RAM]
    : ['share=on keeps what the guest changes in the file', ...MORE_HUGE_PAGES, LESS_RAM],
});

/** Says in QEMU's words why memory could not be made; `reason` is strerror(3) text. */
export const explainMemory = (block: RamBlock, reason: string, call: string, code: string): FailureText => {
  const { file } = block;
  if (file === undefined) {
    return { message: `cannot set up guest memory '${block.id}': ${reason}`, ...(code === 'ENOMEM' && notEnough(block)) };
  }
  return call === 'mmap'
    ? { message: `unable to map backing store for guest RAM: ${reason}`, ...(code === 'ENOMEM' && tooFewPages(block, file.path)) }
    : { message: `can't open backing store ${file.path} for guest RAM: ${reason}`, ...FILE_CAUSES[code]?.(file.path) };
};
