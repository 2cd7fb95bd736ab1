import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { executableOf } from './process-files.ts';
import { unlessGone } from './unless-gone.ts';

/** The lines of /proc/PID/status by name, with single blanks between values. */
export const statusOf = (pid: number): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readFileSync(`/proc/${pid}/status`, 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .map(([name = '', value = '']) => [name, value.trim().replaceAll(/\s+/g, ' ')]),
  );

/** Soft and hard limits by name, as /proc/PID/limits writes them. */
export const limitsOf = (pid: number): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    readFileSync(`/proc/${pid}/limits`, 'utf8')
      .split('\n')
      .map((line) => [line.slice(0, 25).trim(), line.slice(25).trim().split(/\s+/).slice(0, 2)]),
  );

/** The one child of a process. @throws Error when it has none or several */
export const childOf = (pid: number): number => {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => unlessGone(() => statusOf(candidate))?.['PPid'] === String(pid));
  const [child] = children;
  if (children.length !== 1 || child === undefined) throw new Error(`process ${pid} has the children ${children.join()}`);
  return child;
};

/** Whether a process of this user without capabilities can open a file for reading and writing. */
export const mayOpenAs = (user: number, file: string): boolean =>
  spawnSync(
    'setpriv',
    [`--reuid=${user}`, `--regid=${user}`, '--clear-groups', '--inh-caps=-all', 'sh', '-c', 'exec 3<>"$1"', 'sh', file],
    { stdio: 'ignore' },
  ).status === 0;

const SIGTERM_BIT = 1n << 14n;

/** QEMU sets its signal handlers when all devices of the command line are there (system/vl.c, qemu_init_displays). */
const isUp = (pid: number): boolean =>
  executableOf(pid).includes('/qemu-system-') && (BigInt(`0x${statusOf(pid)['SigCgt']}`) & SIGTERM_BIT) !== 0n;

/** Waits until QEMU has its devices. @param find its pid; what it throws means not yet @throws Error after a minute */
export const untilUp = async (find: () => number): Promise<number> => {
  for (let attempt = 0; attempt < 1200; attempt += 1) {
    try {
      const pid = find();
      if (isUp(pid)) return pid;
    } catch {
      // Not started yet.
    }
    await delay(50);
  }
  throw new Error('QEMU did not come up');
};
