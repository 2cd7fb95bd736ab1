import { availableParallelism } from 'node:os';
import type { Logger } from 'pino';
import { populateLanes } from '../../backends/populate-ram.ts';
import type { Step } from '../../backends/step.ts';
import { failure } from '../../errors/problem.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { CallListener } from '../../kernel/trace.ts';
import { traced } from '../../kernel/traced-kernel.ts';
import { BareMachine } from '../../machine/bare-machine.ts';
import { createPlan } from '../../plan/create-plan.ts';
import { hasErrors, type Plan } from '../../plan/plan.ts';
import { attachJson, attachText } from '../../report/attach-report.ts';
import { BARE_MACHINE } from '../../request/read-machine.ts';
import { CallTrace } from '../call-trace.ts';
import { accessHost, type HostAccess } from '../host-access.ts';
import { createLogger } from '../logger.ts';
import { print, say, sayProblem } from '../output.ts';
import { readLaunch } from '../read-launch.ts';
import { reportFormat } from '../report-format.ts';
import type { Settings } from '../settings.ts';
import { planLaunch } from './plan.ts';
import { catchStopSignals, Stopped, untilStopped } from '../stop-signal.ts';

const noEngine = (machine: string) =>
  failure('NO_ENGINE', `no VMM engine for machine type '${machine}'`, {
    cause: `-machine ${machine} needs QEMU, and this version of vmattach launches -machine bare only`,
    fixes: [
      'vmattach plan with the same options says what would be attached and why',
      'vmattach -machine bare attaches the devices without a guest',
    ],
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

const report = (machine: BareMachine, settings: Settings): void => {
  if (settings.format === 'json') {
    print(JSON.stringify(attachJson(machine), undefined, 2));
  } else {
    print(attachText(machine));
  }
};

const hold = async (plan: Plan, kernel: Kernel, host: HostAccess, settings: Settings): Promise<void> => {
  const signal = catchStopSignals();
  const machine = await BareMachine.attach(plan, kernel, host.reread, signal);
  report(machine, settings);
  if (!settings.check) {
    await untilStopped(signal);
    say(signal.reason instanceof Stopped ? signal.reason.message : 'terminating');
  }
  await machine.detach();
};

/**
 * Attaches and holds the devices until a signal; with `--check` detaches at once. A signal while attaching undoes what was done
 * and is a regular end.
 * @throws VmattachError
 */
const attach = async (plan: Plan, host: HostAccess, settings: Settings): Promise<void> => {
  if (plan.request.machine.type !== BARE_MACHINE) {
    throw noEngine(plan.request.machine.type);
  }
  // What ps and a "device is busy" of the next launch show.
  process.title = 'vmattach';
  const logger = createLogger(settings.logLevel, settings.logFile);
  const trace = settings.trace === undefined ? undefined : new CallTrace(settings.trace);
  const listener = callListener(logger, trace);
  const plainKernel = host.openKernel(blockingCalls(plan));
  try {
    await hold(plan, listener === undefined ? plainKernel : traced(plainKernel, listener), host, settings);
  } catch (error) {
    if (!(error instanceof Stopped)) {
      throw error;
    }
    say(error.message);
  } finally {
    trace?.write();
  }
};

/** Without a subcommand: plans, refuses what the plan refuses, and launches. */
export const launch = async (argv: readonly string[]): Promise<number> => {
  const { settings, request } = readLaunch(argv);
  if (settings.dryRun) {
    return planLaunch({ settings, request });
  }
  reportFormat(settings.format);
  const host = accessHost(settings.hostModel, request);
  const plan = createPlan(request, host.facts, settings.backends);
  plan.problems.forEach(sayProblem);
  if (hasErrors(plan)) {
    return 1;
  }
  await attach(plan, host, settings);
  return 0;
};
