import { failure } from '../errors/problem.ts';
import { dropPrivileges } from '../kernel/linux/drop-privileges.ts';
import { setMemlockLimit } from '../kernel/linux/memlock-limit.ts';
import { replaceProcess } from '../kernel/linux/replace-process.ts';
import { SystemCallError } from '../kernel/system-call-error.ts';
import type { EngineOrder } from '../launch/engine-order.ts';
import { notExecuted } from './engine-run.ts';

const notAllowed = (error: SystemCallError) =>
  failure('PERMISSION', `cannot give QEMU its limits and its user: ${error.call}: ${error.text}`, {
    cause: `the kernel refused ${error.call} for ${error.target}: this process lacks a capability, or its user namespace has no such id`,
    fixes: ['start as root, with CAP_SETUID, CAP_SETGID and CAP_SYS_RESOURCE', 'leave --run-as and --pass-fds out'],
  });

/** Limits come first: raising them takes the capabilities that go with the user. */
const prepare = ({ memlock, credentials }: EngineOrder): void => {
  try {
    if (memlock !== undefined) setMemlockLimit(memlock);
    if (credentials !== undefined) dropPrivileges(credentials);
  } catch (error) {
    throw error instanceof SystemCallError ? notAllowed(error) : error;
  }
};

/**
 * The engine takes this process over, with the rights that were ordered for it.
 * @throws NO_ENGINE, PERMISSION
 */
export const becomeEngine = (order: EngineOrder): never => {
  const { path, argv, fds, userName } = order;
  prepare(order);
  try {
    return replaceProcess({ path, argv: [path, ...argv], environment: process.env, fds });
  } catch (error) {
    throw error instanceof SystemCallError ? notExecuted(path, error, userName) : error;
  }
};
