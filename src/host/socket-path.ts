import { readFileSync, readlinkSync } from 'node:fs';
import { resolve } from 'node:path';

/** A line of /proc/net/unix: number, users, protocol, flags, type, state, inode and, where the socket is bound, the path as it was given to bind(2). */
const LINE = /^\S+ \S+ \S+ (?<flags>[0-9A-F]+) \S+ \S+ +(?<inode>\d+) (?<path>.+)$/gm;

/** SO_ACCEPTCON: the socket listens (linux/net.h). */
const LISTENS = 0x10000;

const read = (get: () => string): string => {
  try {
    return get();
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return '';
    throw error;
  }
};

/** The unix sockets that are bound, of all processes; none without /proc. */
const boundSockets = () => {
  const text = read(() => readFileSync('/proc/net/unix', 'utf8'));
  return Array.from(text.matchAll(LINE), ({ groups: { flags = '', inode = '', path = '' } = {} }) => ({ flags, inode, path }));
};

/** The path that a unix socket of this process is bound to, as it was given to bind(2); undefined for other fds and without /proc. */
export const boundPath = (fd: number): string | undefined => {
  const inode = /^socket:\[(\d+)\]$/.exec(read(() => readlinkSync(`/proc/self/fd/${fd}`)))?.[1];
  return inode === undefined ? undefined : boundSockets().find((socket) => socket.inode === inode)?.path;
};

/**
 * Whether a process listens on a unix socket, without connecting to it: a monitor serves one client at a time, and would take us for that.
 * @param path as it would be bound; what was bound by another relative path is not found
 */
export const isListenedOn = (path: string): boolean => {
  const names = new Set([path, resolve(path)]);
  return boundSockets().some((socket) => names.has(socket.path) && (Number.parseInt(socket.flags, 16) & LISTENS) !== 0);
};
