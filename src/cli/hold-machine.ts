import type { DeviceSpec } from '../devices/device-spec.ts';
import type { FdSources } from '../kernel/fd-reference.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { BareMachine } from '../machine/bare-machine.ts';
import { shutdownEvent } from '../monitor/events.ts';
import type { MonitorSpec } from '../monitor/monitor-spec.ts';
import type { Monitors } from '../monitor/start-monitors.ts';
import { createPlan } from '../plan/create-plan.ts';
import type { Plan } from '../plan/plan.ts';
import { attachJson, attachText } from '../report/attach-report.ts';
import { withoutDevices } from '../request/change-request.ts';
import type { Daemon } from './daemon.ts';
import type { HostAccess } from './host-access.ts';
import { MonitoredMachine } from './monitored-machine.ts';
import { openMonitors, usesStdout } from './open-monitors.ts';
import { print, say, sayLines } from './output.ts';
import type { PassedFds } from './passed-fds.ts';
import type { Launch } from './read-launch.ts';
import { notifyReady, notifyStopping } from './service.ts';
import type { Settings } from './settings.ts';
import { catchStopSignals, Stopped, untilStopped } from './stop-signal.ts';

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
  machine: MonitoredMachine,
  sources: FdSources,
): { readonly signal: AbortSignal; readonly monitors: Promise<Monitors> } => {
  const stop = new AbortController();
  const monitors = openMonitors(specs, machine, sources, stop.signal, () => stop.abort());
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

/** With `--preconfig` the devices are left for later; whether they can be attached is known already. */
const held = (
  plan: Plan,
  { settings }: Launch,
  { facts }: HostAccess,
  preconfig: boolean,
): { readonly first: Plan; readonly waiting: readonly DeviceSpec[] } => {
  if (!preconfig || settings.check) return { first: plan, waiting: [] };
  const waiting = plan.request.devices.map(({ spec }) => spec);
  return { first: createPlan(withoutDevices(plan.request), facts, settings.backends), waiting };
};

/** Up: whoever waits for that is told, and everything stays until a signal or `quit`. */
const holdUntilStopped = async (signal: AbortSignal, daemon: Daemon | undefined): Promise<void> => {
  notifyReady();
  daemon?.ready();
  await untilStopped(signal);
  notifyStopping();
  if (signal.reason instanceof Stopped) say(signal.reason.message);
};

/**
 * Runs the built-in machine with its monitors: attaches, holds until a signal or `quit`, detaches. With `--check` it does not hold.
 * @throws VmattachError; Stopped when a signal came while it attached
 */
export const holdMachine = async (
  plan: Plan,
  kernel: Kernel,
  host: HostAccess,
  passed: PassedFds<Launch>,
  daemon: Daemon | undefined,
): Promise<void> => {
  const { launch: launched, sources, fds } = passed;
  const { settings, monitors: specs } = launched;
  const machine = new MonitoredMachine(launched, host, kernel, fds);
  const { signal, monitors: opening } = stopSignal(specs, machine, sources);
  const monitors = await opening;
  try {
    const { first, waiting } = held(plan, launched, host, machine.isPreconfig);
    const attached = await BareMachine.attach(first, kernel, host.reread, signal);
    machine.attached(attached, waiting);
    report(attached, settings, usesStdout(specs) ? sayLines : print);
    monitors.ready();
    if (!settings.check) await holdUntilStopped(signal, daemon);
    await machine.detach((event) => monitors.emit(event));
  } finally {
    await monitors.close();
  }
};
