import { closeSync, constants, openSync } from 'node:fs';

/**
 * Whether the kernel has a block device in exclusive use, in any namespace: an exclusive open is then refused with EBUSY (open(2),
 * `O_EXCL` without `O_CREAT`). What cannot be opened for another reason counts as free.
 */
export const isClaimed = (node: string): boolean => {
  try {
    closeSync(openSync(node, constants.O_RDONLY | constants.O_EXCL | constants.O_NONBLOCK));
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EBUSY';
  }
};
