import { errnoNumber } from '../errno.ts';
import { SystemCallError } from '../system-call-error.ts';
import type { Libc } from './libc.ts';

const EINTR = errnoNumber('EINTR');

/**
 * Makes a call until a signal no longer interrupts it.
 * @param attempt nothing but the libc call, so that errno is still its own
 * @param target the path or `fd N`, for the error
 * @returns what libc returned
 * @throws SystemCallError
 */
export const systemCall = <T extends number | bigint>(
  { errno }: Pick<Libc, 'errno'>,
  call: string,
  target: string,
  attempt: () => T,
): T => {
  for (;;) {
    const result = attempt();
    if (result >= 0) return result;
    const reason = errno();
    if (reason !== EINTR) throw new SystemCallError(call, reason, target);
  }
};

/** fstat(2) and others that Node makes itself, with its error turned into ours. */
export const nodeCall = <T>(call: string, target: string, make: () => T): T => {
  try {
    return make();
  } catch (error) {
    if (error instanceof Error && 'errno' in error && typeof error.errno === 'number') {
      throw new SystemCallError(call, -error.errno, target);
    }
    throw error;
  }
};
