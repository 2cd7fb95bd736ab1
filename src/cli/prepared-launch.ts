import { failure } from '../errors/problem.ts';
import { engineOrder } from '../launch/engine-order.ts';
import { openFiles } from '../launch/open-files.ts';
import { hasErrors } from '../plan/plan.ts';
import { becomeEngine } from './become-engine.ts';
import type { Daemon } from './daemon.ts';
import { noModelGuest } from './engine-run.ts';
import { openLog } from './logger.ts';
import { say, sayProblem } from './output.ts';
import type { PassedFds } from './passed-fds.ts';
import { prepareLaunch, type PreparedLaunch } from './prepare-launch.ts';
import type { Launch } from './read-launch.ts';
import { withManagedDevices } from './run-managed.ts';
import { signalStatus } from './signal-status.ts';
import { catchStopSignals, Stopped } from './stop-signal.ts';
import { supervise } from './supervise.ts';

/** What a launch was given and was started with. */
export interface LaunchStart {
  readonly passed: PassedFds<Launch>;
  /** fds that this process was started with. */
  readonly inherited: readonly number[];
  readonly daemon: Daemon | undefined;
}

const noModelBinding = (hostModel: string) =>
  failure('OPTION_UNSUPPORTED', 'drivers are bound on this host only', {
    location: `--host-model ${hostModel}`,
    cause: 'a host model is a description; there is nothing behind it that could be written to',
    fixes: ['add --dry-run', 'leave --manage-devices out'],
  });

const checkModel = ({ settings, request }: Launch, engine: PreparedLaunch['engine']): void => {
  const { hostModel, manageDevices, check } = settings;
  if (hostModel === undefined) return;
  if (manageDevices) throw noModelBinding(hostModel);
  if (engine !== undefined && !check) throw noModelGuest(request.machine.type, hostModel);
};

/** Without a process that stays: the engine takes this one over. */
const replaceByEngine = (prepared: PreparedLaunch, { passed, inherited }: LaunchStart): never => {
  const { engine, privileges, host } = prepared;
  if (engine === undefined) throw failure('INTERNAL', 'there is no engine to become');
  if (privileges !== undefined) openFiles(host.openKernel(0), privileges.opened);
  return becomeEngine(engineOrder(engine, privileges, [...inherited, ...[...passed.fds.values()].map(({ number }) => number)]));
};

const run = async (prepared: PreparedLaunch, start: LaunchStart, signal: AbortSignal | undefined): Promise<number> => {
  const { plan, engine, host } = prepared;
  const { passed, inherited, daemon } = start;
  plan.problems.forEach(sayProblem);
  if (hasErrors(plan)) return 1;
  checkModel(passed.launch, engine);
  if (engine === undefined || passed.launch.settings.check) {
    const { attachMachine } = await import('./bare-launch.ts');
    await attachMachine(plan, host, passed, daemon);
    return 0;
  }
  openLog(passed.launch.settings, plan);
  return signal === undefined ? replaceByEngine(prepared, start) : supervise({ ...prepared, engine }, passed, inherited, signal);
};

/** The devices are looked at again when they are bound: what was foreseen and what is are compared by planning anew. */
const runBound = async (start: LaunchStart, signal: AbortSignal): Promise<number> => {
  signal.throwIfAborted();
  const { passed } = start;
  const settings = { ...passed.launch.settings, manageDevices: false };
  const bound = { ...passed, launch: { ...passed.launch, settings } };
  return run(await prepareLaunch(bound), { ...start, passed: bound }, signal);
};

const runManaged = async (prepared: PreparedLaunch, start: LaunchStart, signal: AbortSignal): Promise<number> => {
  const { plan, engine, managed } = prepared;
  if (managed === undefined) return run(prepared, start, signal);
  plan.problems.forEach(sayProblem);
  if (hasErrors(plan)) return 1;
  checkModel(start.passed.launch, engine);
  return withManagedDevices(managed, signal, () => runBound(start, signal));
};

/**
 * Launches what is not just handed over to an engine: plans, refuses what the plan refuses, binds devices, gives the engine its files and
 * its user, and stays if somebody has to.
 * @returns the exit status
 * @throws VmattachError
 */
export const launchPrepared = async (
  passed: PassedFds<Launch>,
  inherited: readonly number[],
  daemon: Daemon | undefined,
): Promise<number> => {
  const start = { passed, inherited, daemon };
  const prepared = await prepareLaunch(passed);
  if (!passed.launch.settings.supervise) return run(prepared, start, undefined);
  const signal = catchStopSignals();
  try {
    return await runManaged(prepared, start, signal);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    say(`${error.message}: everything was taken back`);
    return signalStatus(error.signal);
  }
};
