import { closeSync, writeSync } from 'node:fs';
import { detachStandardStreams } from '../kernel/linux/standard-streams.ts';

/** Tells the copy in the background what it is: `FD:PID`, where to report and whose place it takes. */
export const DAEMON_VARIABLE = 'VMATTACH_DAEMON';
const READY = 'ready';
/** os_daemonize() of QEMU's os-posix.c. */
const UMASK = 0o027;

/** This process as a daemon; it reports once. */
export interface Daemon {
  /** Everything is ready: whoever waits for that goes on, and the terminal is let go. */
  readonly ready: () => void;
}

/**
 * Whether this process is the copy in the background that `startDaemon` made. Takes over what was addressed to the process it was
 * made by.
 */
export const adoptDaemon = (): Daemon | undefined => {
  const [, fd, pid] = /^(\d+):(\d+)$/.exec(process.env[DAEMON_VARIABLE] ?? '') ?? [];
  delete process.env[DAEMON_VARIABLE];
  if (fd === undefined || pid === undefined) return undefined;
  if (process.env['LISTEN_PID'] === pid) process.env['LISTEN_PID'] = String(process.pid);
  process.umask(UMASK);
  return {
    ready: () => {
      process.chdir('/');
      detachStandardStreams();
      writeSync(Number(fd), READY);
      closeSync(Number(fd));
    },
  };
};
