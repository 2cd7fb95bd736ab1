import { fstatSync, readFileSync, readlinkSync, type BigIntStats } from 'node:fs';
import { formatDeviceNumber } from './system-files.ts';

/** What the kernel tells this process about one of its own fds. */
export interface FdObservation {
  readonly type: 'character' | 'regular' | 'directory' | 'socket' | 'fifo' | 'other';
  /** `major:minor` of a character device. */
  readonly device?: string;
  /** What /proc/self/fd/N links to, e.g. `/dev/iommu`, `anon_inode:[eventpoll]`; absent without /proc. */
  readonly target?: string;
  /** `vfio-device-syspath` of fdinfo: the sysfs folder of a vfio device (6.12 does not have it, 7.2 does). */
  readonly vfioPath?: string;
}

const fileType = (stats: BigIntStats): FdObservation['type'] => {
  if (stats.isCharacterDevice()) return 'character';
  if (stats.isDirectory()) return 'directory';
  if (stats.isSocket()) return 'socket';
  if (stats.isFIFO()) return 'fifo';
  return stats.isFile() ? 'regular' : 'other';
};

/** The text of a /proc file of this process; undefined without /proc. */
const procText = (read: () => string): string | undefined => {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return undefined;
    throw error;
  }
};

const statusOf = (number: number): BigIntStats | undefined => {
  try {
    return fstatSync(number, { bigint: true });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EBADF') return undefined;
    throw error;
  }
};

/**
 * Looks at an fd of this process without using it. Whether it is open is asked before anything else, since reading a file takes the lowest
 * free number for a moment: what is closed then cannot seem open, and what is open cannot be taken.
 * @returns undefined when it is closed
 */
export const observeFd = (number: number): FdObservation | undefined => {
  const stats = statusOf(number);
  if (stats === undefined) return undefined;
  const type = fileType(stats);
  const target = procText(() => readlinkSync(`/proc/self/fd/${number}`));
  const info = procText(() => readFileSync(`/proc/self/fdinfo/${number}`, 'utf8'));
  const vfioPath = /^vfio-device-syspath:\s*(\S+)$/m.exec(info ?? '')?.[1];
  return {
    type,
    ...(type === 'character' && { device: formatDeviceNumber(stats.rdev) }),
    ...(target !== undefined && { target }),
    ...(vfioPath !== undefined && { vfioPath }),
  };
};
