import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** SO_ACCEPTCON: the socket listens (linux/net.h). */
const LISTENS = 0x10000;

/** A line of /proc/net/unix: number, users, protocol, flags, type, state, inode, and the path as it was bound. */
const LINE = /^\S+ \S+ \S+ ([0-9A-F]+) \S+ \S+ +\d+ (.+)$/;

/**
 * Whether a process listens on a unix socket, without connecting to it: a monitor serves one client at a time, and would take us for that.
 * @param path as it would be bound; what was bound by another relative path is not found
 */
export const isListenedOn = (path: string): boolean => {
  let lines: readonly string[];
  try {
    lines = readFileSync('/proc/net/unix', 'latin1').split('\n');
  } catch {
    return false;
  }
  const names = new Set([path, resolve(path)].map((name) => Buffer.from(name).toString('latin1')));
  return lines.some((line) => {
    const [, flags = '', name = ''] = LINE.exec(line) ?? [];
    return names.has(name) && (Number.parseInt(flags, 16) & LISTENS) !== 0;
  });
};
