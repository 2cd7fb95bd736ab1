import { errnoNumber } from '../errno.ts';
import type { FdCalls } from '../fd-calls.ts';
import { SystemCallError } from '../system-call-error.ts';
import { libc as loadLibc, type Libc } from './libc.ts';
import { systemCall } from './system-call.ts';

const F_GETFL = 3;
const F_DUPFD_CLOEXEC = 1030;
const O_ACCMODE = 3;
/** Numbers of the standard streams are not handed out. */
const LOWEST = 3;

const on = (fd: number): string => `fd ${fd}`;

/** Linux gives the number free even when close(2) is interrupted; closing again could hit another file. @throws SystemCallError */
export const closeFd = (libc: Libc, fd: number): void => {
  if (libc.close(fd) === 0) return;
  const errno = libc.errno();
  if (errno !== errnoNumber('EINTR')) throw new SystemCallError('close', errno, on(fd));
};

/** @throws SystemCallError */
export const duplicateFd = (libc: Libc, fd: number): number =>
  systemCall(libc, 'fcntl(F_DUPFD_CLOEXEC)', on(fd), () => libc.fcntl(fd, F_DUPFD_CLOEXEC, LOWEST));

/** The calls of this system; each loads native code when it is first used. */
export const linuxFdCalls: FdCalls = {
  close: (fd) => closeFd(loadLibc(), fd),
  duplicate: (fd) => duplicateFd(loadLibc(), fd),
  accessMode: (fd) => {
    const libc = loadLibc();
    return systemCall(libc, 'fcntl(F_GETFL)', on(fd), () => libc.fcntl(fd, F_GETFL, 0)) & O_ACCMODE;
  },
};
