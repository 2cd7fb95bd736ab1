import { errnoNumber } from '../errno.ts';
import type { IoctlArgument } from '../kernel.ts';
import { SystemCallError } from '../system-call-error.ts';
import type { Libc } from './libc.ts';

const EINTR = errnoNumber('EINTR');

/** As koffi calls back: an error of its own, or what the function returned. */
export type Done = (error: unknown, result: number) => void;
type Start = (done: Done) => void;

interface Outcome {
  readonly result: number;
  readonly errno: number;
}

/** errno is read in the callback: there it is the one of the thread that made the call. */
const once = ({ errno }: Libc, start: Start): Promise<Outcome> =>
  new Promise((resolve, reject) => {
    start((error, result) => {
      const reason = errno();
      if (error instanceof Error) reject(error);
      else resolve({ result, errno: reason });
    });
  });

/**
 * Makes a libc call on a thread of Node's pool until a signal no longer interrupts it.
 * @param target the path, `fd N` or memory, for the error
 * @throws SystemCallError
 */
export const asyncCall = async (libc: Libc, call: string, target: string, start: Start): Promise<number> => {
  for (;;) {
    const { result, errno } = await once(libc, start);
    if (result >= 0) return result;
    if (errno !== EINTR) throw new SystemCallError(call, errno, target);
  }
};

/**
 * ioctl(2) on a thread of Node's pool. Bytes are lent to the kernel as a copy that cannot move, and hold what the kernel left when the
 * call ends, failed or not.
 * @throws SystemCallError
 */
export const asyncIoctl = async (libc: Libc, fd: number, request: number, argument: IoctlArgument): Promise<number> => {
  if (!(argument instanceof Uint8Array)) {
    return asyncCall(libc, 'ioctl', `fd ${fd}`, (done) => libc.ioctlValue.async(fd, request, argument, done));
  }
  const address = libc.allocate(argument.length);
  const lent = new Uint8Array(libc.view(address, argument.length));
  lent.set(argument);
  try {
    return await asyncCall(libc, 'ioctl', `fd ${fd}`, (done) => libc.ioctlPointer.async(fd, request, address, done));
  } finally {
    argument.set(lent);
    libc.free(address);
  }
};
