import { availableParallelism } from 'node:os';
import type { Logger } from 'pino';
import { populateLanes } from '../../backends/populate-ram.ts';
import type { Step } from '../../backends/step.ts';
import { failure } from '../../errors/problem.ts';
import type { FdSources } from '../../kernel/fd-reference.ts';
import { inheritedFds } from '../../host/inherited-fds.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { CallListener } from '../../kernel/trace.ts';
import { traced } from '../../kernel/traced-kernel.ts';
import type { EngineLaunch } from '../../launch/engine-launch.ts';
import { BareMachine } from '../../machine/bare-machine.ts';
import type { QmpCommand } from '../../monitor/command-table.ts';
import { shutdownEvent } from '../../monitor/events.ts';
import type { MonitorSpec } from '../../monitor/monitor-spec.ts';
import type { Monitors } from '../../monitor/start-monitors.ts';
import { createPlan } from '../../plan/create-plan.ts';
import { hasErrors, type Plan } from '../../plan/plan.ts';
import { attachJson, attachText } from '../../report/attach-report.ts';
import { CallTrace } from '../call-trace.ts';
import { accessHost, type HostAccess } from '../host-access.ts';
import { becomeEngine } from '../engine-run.ts';
import { createLogger } from '../logger.ts';
import { MonitoredMachine } from '../monitored-machine.ts';
import { openMonitors, usesStdout } from '../open-monitors.ts';
import { takePassedFds, type PassedFds } from '../passed-fds.ts';
import { print, say, sayLines, sayProblem } from '../output.ts';
import { planWithEngine } from '../plan-engine.ts';
import { readLaunch, type Launch } from '../read-launch.ts';
import { reportFormat } from '../report-format.ts';
import type { Settings } from '../settings.ts';
import { planLaunch } from './plan.ts';
import { catchStopSignals, Stopped, untilStopped } from '../stop-signal.ts';

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

/** Standard output may be a monitor's. */
const report = (machine: BareMachine, settings: Settings, write: (text: string) => void): void => {
  if (settings.format === 'json') {
    write(JSON.stringify(attachJson(machine), undefined, 2));
  } else {
    write(attachText(machine));
  }
};

/** Aborts for a signal, which the monitors' clients are told of, and for `quit`, of which they are told already. */
const stopSignal = (
  specs: readonly MonitorSpec[],
  commands: readonly QmpCommand[],
  sources: FdSources,
): { readonly signal: AbortSignal; readonly monitors: Promise<Monitors> } => {
  const stop = new AbortController();
  const monitors = openMonitors(specs, commands, sources, stop.signal, () => stop.abort());
  const stopped = catchStopSignals();
  stopped.addEventListener('abort', () => {
    void monitors.then(
      (opened) => opened.emit(shutdownEvent('host-signal')),
      () => undefined,
    );
    stop.abort(stopped.reason);
  });
  return { signal: stop.signal, monitors };
};

const hold = async (plan: Plan, kernel: Kernel, host: HostAccess, passed: PassedFds<Launch>): Promise<void> => {
  const { launch: launched, sources, fds } = passed;
  const { settings, monitors: specs } = launched;
  const machine = new MonitoredMachine(launched, host, kernel, fds);
  const { signal, monitors: opening } = stopSignal(specs, machine.commands, sources);
  const monitors = await opening;
  try {
    const attached = await BareMachine.attach(plan, kernel, host.reread, signal);
    machine.attached(attached);
    report(attached, settings, usesStdout(specs) ? sayLines : print);
    monitors.ready();
    if (!settings.check) {
      await untilStopped(signal);
      if (signal.reason instanceof Stopped) say(signal.reason.message);
    }
    await machine.detach((event) => monitors.emit(event));
  } finally {
    await monitors.close();
  }
};

/**
 * Attaches and holds the devices until a signal; with `--check` detaches at once. A signal while attaching undoes what was done
 * and is a regular end.
 * @throws VmattachError
 */
const attach = async (plan: Plan, host: HostAccess, passed: PassedFds<Launch>): Promise<void> => {
  const { settings } = passed.launch;
  // What ps and a "device is busy" of the next launch show.
  process.title = 'vmattach';
  const logger = createLogger(settings.logLevel, settings.logFile);
  const trace = settings.trace === undefined ? undefined : new CallTrace(settings.trace);
  const listener = callListener(logger, trace);
  const plainKernel = host.openKernel(blockingCalls(plan));
  try {
    await hold(plan, listener === undefined ? plainKernel : traced(plainKernel, listener), host, passed);
  } catch (error) {
    if (!(error instanceof Stopped)) {
      throw error;
    }
    say(error.message);
  } finally {
    trace?.write();
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

/** Without a subcommand: plans, refuses what the plan refuses, and launches. */
export const launch = async (argv: readonly string[]): Promise<number> => {
  const launched = readLaunch(argv);
  const { settings } = launched;
  if (settings.dryRun) {
    return planLaunch(launched);
  }
  reportFormat(settings.format);
  const inherited = inheritedFds();
  const passed = await takePassedFds(launched);
  const { request } = passed.launch;
  const host = accessHost(settings.hostModel, request);
  const { plan, engine } = planWithEngine(createPlan(request, host.facts, settings.backends), passed);
  plan.problems.forEach(sayProblem);
  if (hasErrors(plan)) {
    return 1;
  }
  // The built-in machine attaches the same devices and RAM, without a guest.
  if (engine === undefined || settings.check) {
    await attach(plan, host, passed);
  } else {
    launchEngine(engine, passed, inherited);
  }
  return 0;
};
