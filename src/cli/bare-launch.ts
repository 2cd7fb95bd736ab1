import { availableParallelism } from 'node:os';
import type { Logger } from 'pino';
import { populateLanes } from '../backends/populate-ram.ts';
import type { Step } from '../backends/step.ts';
import { createPidFile, type PidFile } from '../kernel/linux/pid-file.ts';
import { nameProcess } from '../kernel/linux/process-name.ts';
import type { CallListener } from '../kernel/trace.ts';
import { traced } from '../kernel/traced-kernel.ts';
import type { Plan } from '../plan/plan.ts';
import { CallTrace } from './call-trace.ts';
import type { Daemon } from './daemon.ts';
import { holdMachine } from './hold-machine.ts';
import type { HostAccess } from './host-access.ts';
import { openLog } from './logger.ts';
import { say } from './output.ts';
import type { PassedFds } from './passed-fds.ts';
import type { Launch } from './read-launch.ts';
import { Stopped } from './stop-signal.ts';

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

/**
 * Attaches and holds the devices until a signal; with `--check` detaches at once. A signal while attaching undoes what was done
 * and is a regular end.
 * @throws VmattachError
 */
export const attachMachine = async (
  plan: Plan,
  host: HostAccess,
  passed: PassedFds<Launch>,
  daemon: Daemon | undefined,
): Promise<void> => {
  const { settings } = passed.launch;
  nameProcess('vmattach');
  const logger = openLog(settings, plan);
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
