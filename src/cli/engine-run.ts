import { failure } from '../errors/problem.ts';
import { replaceProcess } from '../kernel/linux/replace-process.ts';
import { SystemCallError } from '../kernel/system-call-error.ts';
import type { EngineLaunch } from '../launch/engine-launch.ts';
import type { PassedFds } from './passed-fds.ts';
import type { Launch } from './read-launch.ts';

/** Said of a machine type of an engine. */
export const noModelGuest = (machine: string, hostModel: string) =>
  failure('CONFLICT', `-machine ${machine} cannot run on the host of a model`, {
    location: `--host-model ${hostModel}`,
    cause: 'only the built-in machine runs on a simulated kernel; QEMU needs a real one',
    fixes: ['vmattach plan with the same options says what would happen on that host', '-machine bare attaches the devices there'],
  });

/** @param user who was to execute it, if that is another one than who started vmattach */
export const notExecuted = (path: string, error: SystemCallError, user?: string) =>
  failure('NO_ENGINE', `cannot execute ${path}: ${error.text}`, {
    cause:
      error.code === 'E2BIG'
        ? 'the command line and the environment together are longer than the kernel takes (ulimit -s)'
        : error.code === 'EACCES' && user !== undefined
          ? `${user} may not execute it, or may not enter one of the folders above it`
          : 'the kernel refused to start this program',
    fixes:
      error.code === 'E2BIG' ? ['put devices into a file: -readconfig FILE'] : [`file ${path}`, '--qemu PATH with another QEMU'],
  });

/**
 * The engine takes this process over: same pid, same streams, nothing of Node left.
 * @param inherited fds that this process was started with
 * @throws CONFLICT on the host of a model, NO_ENGINE
 */
export const launchEngine = (
  { path, command }: EngineLaunch,
  { launch: { settings, request }, fds }: PassedFds<Launch>,
  inherited: readonly number[],
): never => {
  if (settings.hostModel !== undefined) {
    throw noModelGuest(request.machine.type, settings.hostModel);
  }
  const passed = [...fds.values()].map(({ number }) => number);
  try {
    return replaceProcess({ path, argv: [path, ...command.argv], environment: process.env, fds: [...inherited, ...passed] });
  } catch (error) {
    throw error instanceof SystemCallError ? notExecuted(path, error) : error;
  }
};
