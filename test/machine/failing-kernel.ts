import { errnoNumber, type ErrnoName } from '../../src/kernel/errno.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { SystemCallError } from '../../src/kernel/system-call-error.ts';

export interface FailingKernel extends Kernel {
  /** Calls that were made so far. */
  readonly callCount: () => number;
}

/**
 * A kernel of which some calls fail without being made, but for close(2), which closes the fd even when it fails.
 * @param errnoOf asked before each call, with its number from 1 on
 */
export const failingKernel = (kernel: Kernel, errnoOf: (call: number) => ErrnoName | undefined): FailingKernel => {
  let made = 0;

  const failure = (name: string, target: string): SystemCallError | undefined => {
    made += 1;
    const errno = errnoOf(made);
    return errno === undefined ? undefined : new SystemCallError(name, errnoNumber(errno), target);
  };
  const on = <T>(name: string, target: string, make: () => T): T => {
    const error = failure(name, target);
    if (error !== undefined) throw error;
    return make();
  };

  return {
    ...kernel,
    callCount: () => made,
    open: (path, flags) => on('open', path, () => kernel.open(path, flags)),
    close: (fd) => {
      const error = failure('close', `fd ${fd}`);
      kernel.close(fd);
      if (error !== undefined) throw error;
    },
    status: (fd) => on('fstat', `fd ${fd}`, () => kernel.status(fd)),
    ioctl: (fd, request, argument) => on('ioctl', `fd ${fd}`, () => kernel.ioctl(fd, request, argument)),
    ioctlAsync: async (fd, request, argument) => on('ioctl', `fd ${fd}`, () => kernel.ioctlAsync(fd, request, argument)),
    map: (request) => on('mmap', 'memory', () => kernel.map(request)),
    unmap: (address, length) => on('munmap', 'memory', () => kernel.unmap(address, length)),
    createMemfd: (name, hugePages) => on('memfd_create', name, () => kernel.createMemfd(name, hugePages)),
    truncate: (fd, length) => on('ftruncate', `fd ${fd}`, () => kernel.truncate(fd, length)),
  };
};
