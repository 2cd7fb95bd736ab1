import { SystemCallError } from '../system-call-error.ts';
import { repairForExec } from './exec-repairs.ts';
import { libc as loadLibc } from './libc.ts';

/** The program that takes this process over. */
export interface Program {
  /** Absolute path of the file. */
  readonly path: string;
  /** With the name of the program itself as the first. */
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** File descriptors it gets beside the standard streams, at the same numbers. */
  readonly fds: readonly number[];
}

const environmentList = (environment: Program['environment']): string[] =>
  Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));

/**
 * execve(2): the process goes on as another program, with the same pid, and nothing of Node is left. What is to be written must be
 * written before.
 * @throws SystemCallError when the file cannot be executed; the process is as it was then, but for signals that are at their defaults
 */
export const replaceProcess = ({ path, argv, environment, fds }: Program): never => {
  const libc = loadLibc();
  repairForExec(libc, fds);
  libc.execve(path, [...argv, null], [...environmentList(environment), null]);
  throw new SystemCallError('execve', libc.errno(), path);
};
