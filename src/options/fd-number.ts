import { failure } from '../errors/problem.ts';
import { toInt64 } from './integer.ts';

const INT_MAX = 2n ** 31n - 1n;

/**
 * A file descriptor number, 0 to 2^31-1, decimal only (util/cutils.c qemu_parse_fd).
 * Throws `Invalid file descriptor number 'x'`.
 */
export const parseFdNumber = (text: string): number => {
  const value = toInt64(text, 10);
  if (typeof value === 'string' || value < 0n || value > INT_MAX) {
    throw failure('VALUE_INVALID', `Invalid file descriptor number '${text}'`);
  }
  return Number(value);
};
