import { fstatSync } from 'node:fs';
import type { FileKind, FileStatus } from '../kernel.ts';
import { nodeCall } from './system-call.ts';

const S_IFMT = 0o170000n;

/** stat.st_mode's file type; an anon_inode (eventfd, a VFIO device from a group) has none. */
const KINDS = new Map<bigint, FileKind>([
  [0o010000n, 'fifo'],
  [0o020000n, 'character'],
  [0o040000n, 'directory'],
  [0o060000n, 'block'],
  [0o100000n, 'regular'],
  [0o120000n, 'link'],
  [0o140000n, 'socket'],
]);

/** `major:minor` of a dev_t as gnu_dev_major(3) and gnu_dev_minor(3) split it. */
const deviceNumber = (device: bigint): string => {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xffff_f000n);
  const minor = (device & 0xffn) | ((device >> 12n) & 0xffff_ff00n);
  return `${major}:${minor}`;
};

/** fstat(2). @throws SystemCallError */
export const fileStatus = (fd: number): FileStatus => {
  const { mode, uid, gid, rdev, size } = nodeCall('fstat', `fd ${fd}`, () => fstatSync(fd, { bigint: true }));
  const kind = KINDS.get(mode & S_IFMT) ?? 'anonymous';
  return {
    kind,
    mode: Number(mode & 0o7777n),
    uid: Number(uid),
    gid: Number(gid),
    device: kind === 'character' || kind === 'block' ? deviceNumber(rdev) : '',
    size,
  };
};
