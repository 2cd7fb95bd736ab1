import { readFileSync, readlinkSync } from 'node:fs';

/** A line of /proc/net/unix ends with the inode and, where the socket is bound, the path. */
const LINE = /^\S+ \S+ \S+ \S+ \S+ \S+ +(?<inode>\d+) (?<path>.+)$/gm;

const read = (get: () => string): string => {
  try {
    return get();
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return '';
    throw error;
  }
};

/** The path that a unix socket of this process is bound to, as it was given to bind(2); undefined for other fds and without /proc. */
export const boundPath = (fd: number): string | undefined => {
  const inode = /^socket:\[(\d+)\]$/.exec(read(() => readlinkSync(`/proc/self/fd/${fd}`)))?.[1];
  if (inode === undefined) return undefined;
  const sockets = read(() => readFileSync('/proc/net/unix', 'utf8'));
  return [...sockets.matchAll(LINE)].find(({ groups }) => groups?.['inode'] === inode)?.groups?.['path'];
};
