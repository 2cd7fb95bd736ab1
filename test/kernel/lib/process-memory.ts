import { readFileSync } from 'node:fs';

const statusBytes = (pid: number, field: 'VmPin' | 'VmLck' | 'RssAnon'): number => {
  const line = readFileSync(`/proc/${pid}/status`, 'utf8')
    .split('\n')
    .find((candidate) => candidate.startsWith(`${field}:`));
  if (line === undefined) throw new Error(`/proc/${pid}/status has no ${field}`);
  return Number.parseInt(line.slice(field.length + 1), 10) * 1024;
};

/** Bytes that iommufd has pinned for a process (mm->pinned_vm). */
export const vmPin = (pid: number): number => statusBytes(pid, 'VmPin');

/** Bytes that type1 has charged to a process (mm->locked_vm), mlock(2) included. */
export const vmLck = (pid: number): number => statusBytes(pid, 'VmLck');

/** Bytes of memory of its own that a process has resident: guest RAM that is a file does not count. */
export const residentSize = (pid: number): number => statusBytes(pid, 'RssAnon');
