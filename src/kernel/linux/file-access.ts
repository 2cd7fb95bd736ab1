import { chmodSync, chownSync, closeSync, openSync, statSync } from 'node:fs';
import { errnoNumber } from '../errno.ts';
import { formatAcl, parseAcl, type AclEntry, type FileAccess } from '../posix-acl.ts';
import { SystemCallError } from '../system-call-error.ts';
import { libc as loadLibc } from './libc.ts';
import { nodeCall, systemCall } from './system-call.ts';

const ATTRIBUTE = 'system.posix_acl_access';
const LARGEST_ATTRIBUTE = 65_536;
const LOCK_EX = 2;

/** A file system without ACLs answers EOPNOTSUPP; one with them ENODATA where the mode says all. */
const WITHOUT: ReadonlySet<number> = new Set([errnoNumber('ENODATA'), errnoNumber('EOPNOTSUPP')]);

const readAcl = (path: string): readonly AclEntry[] | undefined => {
  const libc = loadLibc();
  const bytes = new Uint8Array(LARGEST_ATTRIBUTE);
  const length = Number(libc.privileges().getxattr(path, ATTRIBUTE, bytes, bytes.length));
  if (length >= 0) return parseAcl(bytes.subarray(0, length));
  const errno = libc.errno();
  if (WITHOUT.has(errno)) return undefined;
  throw new SystemCallError('getxattr', errno, path);
};

/** The file itself and not only its name: a node that was made anew is another one. */
export interface FileState extends FileAccess {
  readonly inode: number;
  readonly device: number;
}

/** @throws SystemCallError */
export const readFileState = (path: string): FileState => {
  const { uid, gid, mode, ino, rdev } = nodeCall('stat', path, () => statSync(path));
  return { uid, gid, mode: mode & 0o7777, inode: ino, device: rdev, acl: readAcl(path) };
};

/** @returns false where the file system has no ACLs. @throws SystemCallError */
export const writeAcl = (path: string, entries: readonly AclEntry[]): boolean => {
  const libc = loadLibc();
  const bytes = formatAcl(entries);
  if (libc.privileges().setxattr(path, ATTRIBUTE, bytes, bytes.length, 0) === 0) return true;
  const errno = libc.errno();
  if (errno === errnoNumber('EOPNOTSUPP')) return false;
  throw new SystemCallError('setxattr', errno, path);
};

/** chown(2) and chmod(2). @throws SystemCallError */
export const writeOwner = (path: string, { uid, gid, mode }: Pick<FileAccess, 'uid' | 'gid' | 'mode'>): void => {
  nodeCall('chown', path, () => chownSync(path, uid, gid));
  nodeCall('chmod', path, () => chmodSync(path, mode));
};

/** Runs `body` while no other process has the lock of the file, which is made if need be. @throws SystemCallError */
export const withLock = <T>(file: string, body: () => T): T => {
  const fd = nodeCall('open', file, () => openSync(file, 'a', 0o600));
  try {
    const libc = loadLibc();
    systemCall(libc, 'flock', file, () => libc.privileges().flock(fd, LOCK_EX));
    return body();
  } finally {
    closeSync(fd);
  }
};
