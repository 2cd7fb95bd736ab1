import { errnoNumber, type ErrnoName } from '../errno.ts';
import { SystemCallError } from '../system-call-error.ts';

/** What a handler answers instead of a result. It does not know the call and its target; `asSystemCall` adds them at the kernel's surface. */
export class ErrnoException extends Error {
  override readonly name = 'ErrnoException';
  readonly code: ErrnoName;

  constructor(code: ErrnoName) {
    super(code);
    this.code = code;
  }
}

export const errno = (code: ErrnoName): ErrnoException => new ErrnoException(code);

/** Throws `code` unless `condition` holds. */
export function check(condition: boolean, code: ErrnoName): asserts condition {
  if (!condition) throw errno(code);
}

/**
 * Runs a system call.
 * @throws SystemCallError for every errno that leaves `body`
 */
export const asSystemCall = <T>(call: string, target: string, body: () => T): T => {
  try {
    return body();
  } catch (error) {
    if (error instanceof ErrnoException) throw new SystemCallError(call, errnoNumber(error.code), target);
    throw error;
  }
};
