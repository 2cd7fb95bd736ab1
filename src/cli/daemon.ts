import { spawn, type IOType } from 'node:child_process';
import { closeSync, writeSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { failure } from '../errors/problem.ts';
import { inheritedFds } from '../host/inherited-fds.ts';
import { detachStandardStreams } from '../kernel/linux/standard-streams.ts';
import type { MonitorSpec } from '../monitor/monitor-spec.ts';

/** Tells the copy in the background what it is: `FD:PID`, where to report and whose place it takes. */
const VARIABLE = 'VMATTACH_DAEMON';
const READY = 'ready';
const FIRST_FD = 3;
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
  const [, fd, pid] = /^(\d+):(\d+)$/.exec(process.env[VARIABLE] ?? '') ?? [];
  delete process.env[VARIABLE];
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

/** A number that is none of the inherited ones and that no option can mean. */
const reportFd = (inherited: readonly number[], argv: readonly string[]): number => {
  const named = argv.flatMap((argument) => [...argument.matchAll(/\d{1,9}/g)].map(([digits]) => Number(digits)));
  const taken = new Set([...inherited, ...named]);
  let fd = Math.max(FIRST_FD, ...inherited) + 1;
  while (taken.has(fd)) fd += 1;
  return fd;
};

/** @throws CONFLICT: a daemon has no terminal */
export const checkDaemonMonitors = (specs: readonly MonitorSpec[]): void => {
  const stdio = specs.find(({ chardev }) => chardev.kind === 'stdio');
  if (stdio !== undefined) {
    throw failure('CONFLICT', 'cannot use stdio with -daemonize', {
      location: stdio.location,
      fixes: ['-qmp unix:PATH,server=on,wait=off', 'leave out -daemonize'],
    });
  }
};

/**
 * Starts this program again in the background, in a session of its own and with every inherited fd under its number, since Node cannot
 * fork. Returns when it is ready: its monitors accept, its devices are attached.
 * @param argv as this process was given them
 * @returns the exit status: 0 when it is ready, 1 when it has ended before, having said why
 */
export const startDaemon = (argv: readonly string[]): Promise<number> => {
  const inherited = inheritedFds();
  const report = reportFd(inherited, argv);
  const stdio: (IOType | number)[] = Array.from({ length: report + 1 }, (_, fd) => (fd < FIRST_FD ? 'inherit' : 'ignore'));
  for (const fd of inherited) stdio[fd] = fd;
  stdio[report] = 'pipe';
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', ...argv], {
    detached: true,
    stdio,
    env: { ...process.env, [VARIABLE]: `${report}:${process.pid}` },
  });
  // A terminal reaches only this process: the other has a session of its own.
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    const pipe = child.stdio[report] as Readable;
    child.once('error', reject);
    child.once('exit', () => resolve(1));
    pipe.once('data', () => {
      child.removeAllListeners('exit');
      child.unref();
      pipe.destroy();
      resolve(0);
    });
  });
};
