import { availableParallelism } from 'node:os';
import type { Logger } from 'pino';
import { populateLanes } from '../../backends/populate-ram.ts';
import type { Step } from '../../backends/step.ts';
import { failure } from '../../errors/problem.ts';
import { inheritedFds } from '../../host/inherited-fds.ts';
import type { CallListener } from '../../kernel/trace.ts';
import { createPidFile, type PidFile } from '../../kernel/linux/pid-file.ts';
import { traced } from '../../kernel/traced-kernel.ts';
import type { EngineLaunch } from '../../launch/engine-launch.ts';
import { createPlan } from '../../plan/create-plan.ts';
import { hasErrors, type Plan } from '../../plan/plan.ts';
import { BARE_MACHINE } from '../../request/read-machine.ts';
import { CallTrace } from '../call-trace.ts';
import { adoptDaemon, checkDaemonMonitors, startDaemon, type Daemon } from '../daemon.ts';
import { holdMachine } from '../hold-machine.ts';
import { accessHost, type HostAccess } from '../host-access.ts';
import { becomeEngine } from '../engine-run.ts';
import { createLogger } from '../logger.ts';
import { takePassedFds, type PassedFds } from '../passed-fds.ts';
import { say, sayProblem } from '../output.ts';
import { planWithEngine } from '../plan-engine.ts';
import { readLaunch, type Launch } from '../read-launch.ts';
import { reportFormat } from '../report-format.ts';
import { planLaunch } from './plan.ts';
import { Stopped } from '../stop-signal.ts';
import { HeldWarnings } from '../warnings.ts';

const noModelGuest = (machine: string, hostModel: string) =>
  failure('CONFLICT', `-machine ${machine} cannot run on the host of a model`, {
    location: `--host-model ${hostModel}`,
    cause: 'only the built-in machine runs on a simulated kernel; QEMU needs a real one',
    fixes: ['vmattach plan with the same options says what would happen on that host', '-machine bare attaches the devices there'],
  });

/** One listener for all who want to see kernel calls; none when nobody does, so that nothing is measured for nobody. */
const callListener = (logger: Logger | undefined, trace: CallTrace | undefined): CallListener | undefined => {
  const wantsLog = logger !== undefined && logger.isLevelEnabled('debug');
  if (!wantsLog && trace === undefined) {
    return undefined;
  }
  return (event) => {
    trace?.add(event);
    logger?.debug(logged(event), event.call);
  };
};

/** Bigints as hexadecimal text: JSON has none. */
const logged = (event: Parameters<CallListener>[0]): unknown =>
  JSON.parse(JSON.stringify(event, (_key, value: unknown) => (typeof value === 'bigint' ? `0x${value.toString(16)}` : value)));

const OPENS_DEVICE: ReadonlySet<string> = new Set(['VFIO_DEVICE_BIND_IOMMUFD', 'VFIO_GROUP_GET_DEVICE_FD']);

const threadsOf = ({ call, mappedBytes, populatedBytes }: Step): number => {
  if (populatedBytes !== undefined) {
    return populateLanes(populatedBytes, availableParallelism());
  }
  return mappedBytes !== undefined || OPENS_DEVICE.has(call) ? 1 : 0;
};

/** Device opens, RAM maps and the making of pages block; each gets a thread. */
const blockingCalls = (plan: Plan): number => plan.steps.reduce((sum, step) => sum + threadsOf(step), 0);

/** `-pidfile`, the last one. */
const openPidFile = ({ scanned: { options } }: Launch): PidFile | undefined => {
  const path = options.findLast(({ name }) => name === 'pidfile')?.value;
  return path === undefined ? undefined : createPidFile(path);
};

/** Only the built-in machine goes to the background here; an engine does that by itself. A try is over before that. */
const goesToBackground = ({ scanned, request, settings }: Launch): boolean =>
  request.machine.type === BARE_MACHINE && !settings.check && scanned.options.some(({ name }) => name === 'daemonize');

/**
 * Attaches and holds the devices until a signal; with `--check` detaches at once. A signal while attaching undoes what was done
 * and is a regular end.
 * @throws VmattachError
 */
const attach = async (plan: Plan, host: HostAccess, passed: PassedFds<Launch>, daemon: Daemon | undefined): Promise<void> => {
  const { settings } = passed.launch;
  // What ps and a "device is busy" of the next launch show.
  process.title = 'vmattach';
  const logger = createLogger(settings.logLevel, settings.logFile);
  const trace = settings.trace === undefined ? undefined : new CallTrace(settings.trace);
  const listener = callListener(logger, trace);
  const plainKernel = host.openKernel(blockingCalls(plan));
  const pidFile = openPidFile(passed.launch);
  try {
    const kernel = listener === undefined ? plainKernel : traced(plainKernel, listener);
    await holdMachine(plan, kernel, host, passed, daemon);
  } catch (error) {
    if (!(error instanceof Stopped)) {
      throw error;
    }
    say(error.message);
  } finally {
    trace?.write();
    pidFile?.remove();
  }
};

/** @throws CONFLICT, NO_ENGINE; does not return */
const launchEngine = (
  engine: EngineLaunch,
  { launch: { settings, request }, fds }: PassedFds<Launch>,
  inherited: readonly number[],
): never => {
  if (settings.hostModel !== undefined) {
    throw noModelGuest(request.machine.type, settings.hostModel);
  }
  return becomeEngine(engine, [...inherited, ...[...fds.values()].map(({ number }) => number)]);
};

const run = async (argv: readonly string[], warnings: HeldWarnings): Promise<number> => {
  const daemon = adoptDaemon();
  // In the background everything is read a second time.
  const launched = readLaunch(argv, daemon === undefined ? warnings.add : () => undefined);
  const { settings } = launched;
  if (settings.dryRun) {
    warnings.say();
    return planLaunch(launched);
  }
  reportFormat(settings.format);
  if (daemon === undefined && goesToBackground(launched)) {
    checkDaemonMonitors(launched.monitors);
    return startDaemon(argv);
  }
  const inherited = inheritedFds();
  const passed = await takePassedFds(launched);
  const { request } = passed.launch;
  const host = accessHost(settings.hostModel, request);
  const { plan, engine } = planWithEngine(createPlan(request, host.facts, settings.backends), passed);
  const refused = hasErrors(plan);
  if (refused || engine === undefined) {
    warnings.say();
  }
  plan.problems.forEach(sayProblem);
  if (refused) {
    return 1;
  }
  // The built-in machine attaches the same devices and RAM, without a guest.
  if (engine === undefined || settings.check) {
    await attach(plan, host, passed, daemon);
  } else {
    launchEngine(engine, passed, inherited);
  }
  return 0;
};

/** Without a subcommand: plans, refuses what the plan refuses, and launches. */
export const launch = async (argv: readonly string[]): Promise<number> => {
  const warnings = new HeldWarnings();
  try {
    return await run(argv, warnings);
  } finally {
    warnings.say();
  }
};
