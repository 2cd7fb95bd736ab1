import { readdirSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import type { NodeFacts } from './model.ts';

/**
 * The small files under /sys, /proc and /dev, read below a root folder. Whatever is absent, not readable or gone between two steps is
 * undefined: a device may vanish at any moment, and that is no failure of the program.
 */
export interface SystemFiles {
  /** The text without its last line end. */
  text(file: string): string | undefined;
  bytes(file: string): Buffer | undefined;
  /** Last part of what a symbolic link points to: how sysfs names drivers, groups, IOMMUs. */
  linkName(file: string): string | undefined;
  /** What a symbolic link points to, as written. */
  link(file: string): string | undefined;
  /** The path with all links followed, as seen from the root folder. */
  realPath(file: string): string | undefined;
  /** Names in a folder, in order of code units; none when it is absent. */
  names(folder: string): readonly string[];
  exists(file: string): boolean;
  /** Owner, mode and number of a character device. */
  node(file: string): NodeFacts | undefined;
}

const attempt = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return undefined;
    throw error;
  }
};

const S_IFMT = 0o170000n;
const S_IFCHR = 0o020000n;

/** `major:minor` of a dev_t in the layout of glibc's gnu_dev_major(3). */
export const formatDeviceNumber = (device: bigint): string => {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn & 0xffffffffn);
  return `${major}:${minor}`;
};

const nodeFacts = (file: string): NodeFacts | undefined => {
  const { mode, rdev, uid, gid } = statSync(file, { bigint: true });
  if ((mode & S_IFMT) !== S_IFCHR) return undefined;
  const permissions = (mode & 0o777n).toString(8).padStart(4, '0');
  return { device: formatDeviceNumber(rdev), mode: permissions, uid: Number(uid), gid: Number(gid) };
};

/** @param root folder that stands for `/` */
export const createSystemFiles = (root: string): SystemFiles => {
  const below = (file: string): string => path.join(root, file);
  // The native one asks the C library once; the other looks at every part of the path by itself.
  const real = realpathSync.native;
  return {
    text: (file) => attempt(() => readFileSync(below(file), 'utf8').replace(/\n$/, '')),
    bytes: (file) => attempt(() => readFileSync(below(file))),
    linkName: (file) => attempt(() => path.basename(readlinkSync(below(file)))),
    link: (file) => attempt(() => readlinkSync(below(file))),
    realPath: (file) => attempt(() => path.join('/', path.relative(root === '/' ? root : real(root), real(below(file))))),
    names: (folder) => attempt(() => readdirSync(below(folder)).toSorted()) ?? [],
    exists: (file) => attempt(() => statSync(below(file), { throwIfNoEntry: false })) !== undefined,
    node: (file) => attempt(() => nodeFacts(below(file))),
  };
};
