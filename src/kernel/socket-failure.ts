import { failure, type VmattachError } from '../errors/problem.ts';
import { SystemCallError } from './system-call-error.ts';

/** What Node says about a socket, in QEMU's form (util/qemu-sockets.c): `Failed to bind socket to /x: No such file or directory`. */
export const socketFailure = (what: string, error: unknown, fixes?: readonly string[]): VmattachError => {
  const errno = error instanceof Error && 'errno' in error && typeof error.errno === 'number' ? -error.errno : undefined;
  const reason = errno === undefined ? String(error) : new SystemCallError('', errno, '').text;
  return failure('FILE', `${what}: ${reason}`, { fixes }, { cause: error });
};
