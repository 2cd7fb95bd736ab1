import { failure } from '../errors/problem.ts';
import { restoreFileLimit } from '../kernel/linux/exec-repairs.ts';
import { nameProcess } from '../kernel/linux/process-name.ts';
import { SystemCallError } from '../kernel/system-call-error.ts';
import type { EngineLaunch } from '../launch/engine-launch.ts';
import { engineOrder } from '../launch/engine-order.ts';
import { explainEngineFailure } from '../launch/explain-engine.ts';
import { grantNode, type Granted } from '../launch/node-grants.ts';
import { openFiles } from '../launch/open-files.ts';
import type { NodeGrant } from '../launch/plan-privileges.ts';
import { EngineProcess } from './engine-process.ts';
import { say, sayProblem } from './output.ts';
import type { PassedFds } from './passed-fds.ts';
import type { PreparedLaunch } from './prepare-launch.ts';
import type { Launch } from './read-launch.ts';
import { signalStatus } from './signal-status.ts';

type EnginePrepared = PreparedLaunch & { readonly engine: EngineLaunch };

const notGranted = ({ node, uid }: NodeGrant, error: SystemCallError) =>
  failure(
    error.code === 'EPERM' || error.code === 'EROFS' ? 'PERMISSION' : 'SYSTEM_CALL',
    `cannot grant '${node}': ${error.text}`,
    {
      subject: node,
      cause: `${error.call} failed with ${error.code}; uid ${uid} was to open it`,
      fixes: ['start as root', 'attach through iommufd, whose file descriptors are passed'],
    },
  );

const takeBack = (granted: readonly Granted[]): void => {
  for (const { node, takeBack: undo } of granted.toReversed()) {
    try {
      undo();
    } catch (error) {
      say(`'${node}' could not be taken back: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
};

/** @throws PERMISSION, BUSY, SYSTEM_CALL; nothing is granted then */
const grantAll = (grants: readonly NodeGrant[]): readonly Granted[] => {
  const granted: Granted[] = [];
  for (const grant of grants) {
    try {
      granted.push(grantNode(grant));
    } catch (error) {
      takeBack(granted);
      throw error instanceof SystemCallError ? notGranted(grant, error) : error;
    }
  }
  return granted;
};

/** The engine has its own copies of all fds: ours would keep devices in use after it has gone. */
const startEngine = (
  { engine, privileges, host }: EnginePrepared,
  { fds }: PassedFds<Launch>,
  inherited: readonly number[],
): EngineProcess => {
  const kernel = host.openKernel(0);
  const opened = openFiles(kernel, privileges?.opened ?? []);
  try {
    const others = [...inherited, ...[...fds.values()].map(({ number }) => number)];
    restoreFileLimit();
    return EngineProcess.start(kernel, engineOrder(engine, privileges, others));
  } finally {
    opened.forEach((fd) => fd.close());
    fds.forEach((fd) => fd.close());
    inherited.forEach((fd) => kernel.close(fd));
  }
};

/**
 * Starts the engine as a child, stays until it has ended, and takes back what was granted for it.
 * @param signal that came before it was started
 * @returns its exit status, or 128 and the number of the signal that killed it
 * @throws VmattachError when it could not be started; the reason of the signal
 */
export const supervise = async (
  prepared: EnginePrepared,
  passed: PassedFds<Launch>,
  inherited: readonly number[],
  signal: AbortSignal,
): Promise<number> => {
  const { engine, privileges, replan } = prepared;
  nameProcess('vmattach');
  signal.throwIfAborted();
  const user = privileges?.user;
  const granted = grantAll(privileges?.grants ?? []);
  try {
    const child = startEngine(prepared, passed, inherited);
    const { end, lines, refused, stopped } = await child.ended;
    if (refused !== undefined) {
      sayProblem(refused);
      return 1;
    }
    const failed = end.signal === undefined ? end.status !== 0 : !stopped;
    if (failed) sayProblem(explainEngineFailure({ path: engine.path, end, lines, plan: replan(), user }));
    return end.signal === undefined ? (end.status ?? 1) : signalStatus(end.signal);
  } finally {
    takeBack(granted);
  }
};
