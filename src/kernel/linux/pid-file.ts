import { closeSync, constants, fstatSync, ftruncateSync, openSync, realpathSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { failure, type VmattachError } from '../../errors/problem.ts';
import { SystemCallError } from '../system-call-error.ts';
import { libc as loadLibc } from './libc.ts';
import { nodeCall, systemCall } from './system-call.ts';

const F_OFD_SETLK = 37;
const F_WRLCK = 1;
/** struct flock (64-bit): type, whence, start, length, pid. QEMU locks the first byte of its own. */
const FLOCK = { size: 32, length: 16 } as const;
const OWNER_ONLY = 0o600;

/** A file with the number of this process, locked until the process ends. */
export interface PidFile {
  /** Removes it; the lock ends with the process. */
  readonly remove: () => void;
}

const refused = (path: string, what: string, error: unknown): VmattachError => {
  if (!(error instanceof SystemCallError)) throw error;
  const isLocked = error.call.startsWith('fcntl');
  return failure(
    'FILE',
    `cannot create PID file: ${what}: ${error.text}`,
    {
      subject: path,
      cause: isLocked ? `${path} is locked by a process that runs` : `${error.call} on ${path} failed with ${error.code}`,
      fixes: [isLocked ? `kill $(cat ${path})` : 'make its folder, or choose another', '-pidfile FILE with another file'],
    },
    { cause: error },
  );
};

const attempt = <T>(path: string, what: string, make: () => T): T => {
  try {
    return make();
  } catch (error) {
    throw refused(path, what, error);
  }
};

const lock = (fd: number, path: string): void => {
  const libc = loadLibc();
  const description = Buffer.alloc(FLOCK.size);
  description.writeInt16LE(F_WRLCK);
  description.writeBigInt64LE(1n, FLOCK.length);
  systemCall(libc, 'fcntl(F_OFD_SETLK)', path, () => libc.fcntlPointer(fd, F_OFD_SETLK, description));
};

/** Whether the locked file is still the one of that name: whoever held the lock before may have removed it. */
const isCurrent = (fd: number, path: string): boolean => {
  const { dev, ino } = fstatSync(fd);
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.dev === dev && found.ino === ino;
};

const openLocked = (path: string): number => {
  for (;;) {
    const flags = constants.O_RDWR | constants.O_CREAT;
    const fd = attempt(path, 'Cannot open pid file', () => nodeCall('open', path, () => openSync(path, flags, OWNER_ONLY)));
    try {
      attempt(path, 'Cannot lock pid file', () => lock(fd, path));
      if (isCurrent(fd, path)) return fd;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    closeSync(fd);
  }
};

/**
 * Writes the number of this process into a file that one process can have at a time (util/oslib-posix.c, qemu_write_pidfile).
 * @throws FILE in QEMU's words
 */
export const createPidFile = (path: string): PidFile => {
  const fd = openLocked(path);
  attempt(path, 'Failed to truncate pid file', () => nodeCall('ftruncate', path, () => ftruncateSync(fd)));
  attempt(path, 'Failed to write pid file', () => nodeCall('write', path, () => writeSync(fd, `${process.pid}\n`)));
  // The working folder may be another by then.
  const removed = realpathSync(path);
  return {
    remove: () => {
      try {
        unlinkSync(removed);
      } catch {
        // Someone else has removed it already.
      }
    },
  };
};
