import { failure } from '../errors/problem.ts';
import { parseFdNumber } from '../options/fd-number.ts';

/**
 * The number of an inherited fd. A name that nobody can look up here must not be passed over: the device would then be opened by
 * its node as if no fd had been given.
 * @throws FD_NOT_OPEN, VALUE_INVALID
 */
export const numberedFd = (text: string): number => {
  if (/^\s*[+-]?[0-9]/.test(text)) {
    return parseFdNumber(text);
  }
  throw failure('FD_NOT_OPEN', `no file descriptor is known as '${text}'`, {
    cause: 'on the command line an fd has a number only',
    fixes: ['fd=N with the number of a file descriptor that the parent process passes'],
  });
};
