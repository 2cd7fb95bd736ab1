import { failure, type VmattachError } from '../errors/problem.ts';
import { SystemCallError } from './system-call-error.ts';

/** strerror(3) text of what Node or the kernel refused. */
export const systemReason = (error: unknown): string => {
  if (error instanceof SystemCallError) return error.text;
  const errno = error instanceof Error && 'errno' in error && typeof error.errno === 'number' ? -error.errno : undefined;
  return errno === undefined ? String(error) : new SystemCallError('', errno, '').text;
};

/** What Node says about a socket, in QEMU's form (util/qemu-sockets.c): `Failed to bind socket to /x: No such file or directory`. */
export const socketFailure = (
  what: string,
  error: unknown,
  remedy: { readonly cause?: string; readonly fixes?: readonly string[] } = {},
): VmattachError => failure('FILE', `${what}: ${systemReason(error)}`, remedy, { cause: error });
