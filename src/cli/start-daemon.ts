import { spawn, type IOType } from 'node:child_process';
import type { Readable } from 'node:stream';
import { failure } from '../errors/problem.ts';
import { inheritedFds } from '../host/runtime-fds.ts';
import type { MonitorSpec } from '../monitor/monitor-spec.ts';
import { DAEMON_VARIABLE } from './daemon.ts';

const FIRST_FD = 3;

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
  const inherited = inheritedFds(argv);
  const report = reportFd(inherited, argv);
  const stdio: (IOType | number)[] = Array.from({ length: report + 1 }, (_, fd) => (fd < FIRST_FD ? 'inherit' : 'ignore'));
  for (const fd of inherited) stdio[fd] = fd;
  stdio[report] = 'pipe';
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', ...argv], {
    detached: true,
    stdio,
    env: { ...process.env, [DAEMON_VARIABLE]: `${report}:${process.pid}` },
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
