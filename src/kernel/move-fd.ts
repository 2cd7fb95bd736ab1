import type { FdCalls } from './fd-calls.ts';
import { OwnedFd } from './owned-fd.ts';

/**
 * Moves an fd away from numbers that mean something else: what was opened here must not be taken for an fd that a command line
 * names and a parent forgot to pass. Numbers in between stay taken meanwhile, so that the next one is another.
 */
export const moveFd = (fd: OwnedFd, avoided: ReadonlySet<number>, calls: Pick<FdCalls, 'close' | 'duplicate'>): OwnedFd => {
  if (fd.borrowed || !avoided.has(fd.number)) return fd;
  try {
    return moveFd(OwnedFd.own(calls, calls.duplicate(fd.number)), avoided, calls);
  } finally {
    fd.close();
  }
};
