import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync, statSync, type Stats } from 'node:fs';
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

const S_IFMT = 0o170000;
const S_IFCHR = 0o020000;

/** `major:minor` of a dev_t in the layout of glibc's gnu_dev_major(3). */
export const formatDeviceNumber = (device: bigint): string => {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn & 0xffffffffn);
  return `${major}:${minor}`;
};

const nodeFacts = ({ mode, rdev, uid, gid }: Stats): NodeFacts | undefined => {
  if ((mode & S_IFMT) !== S_IFCHR) return undefined;
  const permissions = (mode & 0o777).toString(8).padStart(4, '0');
  return { device: formatDeviceNumber(BigInt(rdev)), mode: permissions, uid, gid };
};

/** An object that Node need not make for each read. */
const TEXT = { encoding: 'utf8', flag: 'r' } as const;

const withoutLineEnd = (text: string): string => (text.endsWith('\n') ? text.slice(0, -1) : text);

const baseName = (target: string): string => target.slice(target.lastIndexOf('/') + 1);

/** @param root folder that stands for `/` */
export const createSystemFiles = (root: string): SystemFiles => {
  // Paths here are whole already: joining them would look at each again.
  const below = root === '/' ? (file: string): string => file : (file: string): string => root + file;
  // The native one asks the C library once; the other looks at every part of the path by itself.
  const real = realpathSync.native;
  return {
    text: (file) => attempt(() => withoutLineEnd(readFileSync(below(file), TEXT))),
    bytes: (file) => attempt(() => readFileSync(below(file))),
    linkName: (file) => attempt(() => baseName(readlinkSync(below(file)))),
    link: (file) => attempt(() => readlinkSync(below(file))),
    realPath: (file) => attempt(() => path.join('/', path.relative(root === '/' ? root : real(root), real(below(file))))),
    names: (folder) => attempt(() => readdirSync(below(folder)).toSorted()) ?? [],
    exists: (file) => existsSync(below(file)),
    node: (file) => attempt(() => nodeFacts(statSync(below(file)))),
  };
};
