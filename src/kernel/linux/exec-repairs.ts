import { readFileSync } from 'node:fs';
import { libc as loadLibc, type Libc } from './libc.ts';

const F_GETFL = 3;
const F_SETFL = 4;
const F_SETFD = 2;
const O_NONBLOCK = 0o4000;
const RLIMIT_NOFILE = 7;

/** Larger than any libc's struct sigaction on the architectures that are served; all zero is SIG_DFL without flags. */
const DEFAULT_ACTION = new Uint8Array(256);
const EMPTY_MASK = new Uint8Array(128);
const SIG_SETMASK = 2;
/** SIGPIPE and SIGXFSZ: Node ignores them, and an ignored signal stays ignored in the next program; caught ones are reset by execve(2). */
const IGNORED_BY_NODE = [13, 25];

const STANDARD_STREAMS = [0, 1, 2];

const resetSignals = (libc: Libc): void => {
  for (const signal of IGNORED_BY_NODE) libc.sigaction(signal, DEFAULT_ACTION, null);
  libc.sigprocmask(SIG_SETMASK, EMPTY_MASK, null);
};

/** Node makes pipes non-blocking, for everybody who has them open. */
const makeBlocking = (libc: Libc, fd: number): void => {
  const flags = libc.fcntl(fd, F_GETFL, 0);
  if (flags >= 0 && (flags & O_NONBLOCK) !== 0) libc.fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
};

/** libuv marks what it finds open at the start as close-on-exec, the standard streams too. */
const keepOpen = (libc: Libc, fds: readonly number[]): void => {
  for (const fd of fds) libc.fcntl(fd, F_SETFD, 0);
};

interface FileLimit {
  readonly soft: bigint;
  readonly hard: bigint;
}

const UNLIMITED = 0xffffffffffffffffn;

const parseLimit = (text: string | undefined): bigint => (text === undefined || text === 'unlimited' ? UNLIMITED : BigInt(text));

const fileLimit = (process: string): FileLimit | undefined => {
  try {
    const line = /^Max open files\s+(\S+)\s+(\S+)/m.exec(readFileSync(`/proc/${process}/limits`, 'utf8'));
    return line === null ? undefined : { soft: parseLimit(line[1]), hard: parseLimit(line[2]) };
  } catch {
    return undefined;
  }
};

/**
 * Node raises the soft limit of open files to the hard one and keeps no record of what it was. A parent with the same hard limit
 * is where the limits came from: its soft limit is given back.
 */
export const restoreFileLimit = (libc: Libc = loadLibc()): void => {
  const ours = fileLimit('self');
  const parents = fileLimit(String(process.ppid));
  if (ours === undefined || parents === undefined) return;
  if (ours.hard === parents.hard && ours.soft !== parents.soft) {
    libc.setrlimit(RLIMIT_NOFILE, BigUint64Array.of(parents.soft, parents.hard));
  }
};

/**
 * Undoes what Node did to the process that the next program would inherit: signal dispositions, blocking of the standard streams,
 * close-on-exec, the limit of open files.
 * @param fds what the next program gets beside the standard streams
 */
export const repairForExec = (libc: Libc, fds: readonly number[]): void => {
  STANDARD_STREAMS.forEach((fd) => makeBlocking(libc, fd));
  keepOpen(libc, [...STANDARD_STREAMS, ...fds]);
  restoreFileLimit(libc);
  resetSignals(libc);
};
