import { libc as loadLibc } from './libc.ts';
import { closeFd } from './fd-calls.ts';
import { systemCall } from './system-call.ts';

const F_DUPFD_CLOEXEC = 1030;
const F_SETFD = 2;
const FD_CLOEXEC = 1;

/** Gives an open file another number, the lowest free one from `number` on; it stays close-on-exec. @throws SystemCallError */
export const placeFd = (fd: number, number: number): number => {
  const libc = loadLibc();
  const placed = systemCall(libc, 'fcntl(F_DUPFD_CLOEXEC)', `fd ${fd}`, () => libc.fcntl(fd, F_DUPFD_CLOEXEC, number));
  closeFd(libc, fd);
  return placed;
};

/** Lets the next programs have files at the same numbers, or no longer. @throws SystemCallError */
export const inheritFds = (fds: readonly number[], inherit: boolean): void => {
  const libc = loadLibc();
  for (const fd of fds) systemCall(libc, 'fcntl(F_SETFD)', `fd ${fd}`, () => libc.fcntl(fd, F_SETFD, inherit ? 0 : FD_CLOEXEC));
};
