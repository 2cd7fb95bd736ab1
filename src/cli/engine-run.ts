import { failure } from '../errors/problem.ts';
import { replaceProcess } from '../kernel/linux/replace-process.ts';
import { SystemCallError } from '../kernel/system-call-error.ts';
import type { EngineLaunch } from '../launch/engine-launch.ts';

const notExecuted = (path: string, error: SystemCallError) =>
  failure('NO_ENGINE', `cannot execute ${path}: ${error.text}`, {
    cause:
      error.code === 'E2BIG'
        ? 'the command line and the environment together are longer than the kernel takes (ulimit -s)'
        : 'the kernel refused to start this program',
    fixes:
      error.code === 'E2BIG' ? ['put devices into a file: -readconfig FILE'] : [`file ${path}`, '--qemu PATH with another QEMU'],
  });

/**
 * The engine takes this process over: same pid, same streams, nothing of Node left.
 * @param fds that this process was started with
 * @throws NO_ENGINE
 */
export const becomeEngine = ({ path, command }: EngineLaunch, fds: readonly number[]): never => {
  try {
    return replaceProcess({ path, argv: [path, ...command.argv], environment: process.env, fds });
  } catch (error) {
    throw error instanceof SystemCallError ? notExecuted(path, error) : error;
  }
};
