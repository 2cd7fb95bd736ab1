import { boundPath } from '../host/socket-path.ts';
import type { FdSources } from '../kernel/fd-reference.ts';
import { linuxFdCalls } from '../kernel/linux/fd-calls.ts';
import { openMessageSocket } from '../kernel/linux/message-socket.ts';
import { MACHINE_EVENTS } from '../monitor/machine-events.ts';
import { addressText } from '../monitor/chardev-spec.ts';
import type { MonitorSpec } from '../monitor/monitor-spec.ts';
import { startMonitors, type Monitors } from '../monitor/start-monitors.ts';
import { IdleMemory } from './idle-memory.ts';
import type { MonitoredMachine } from './monitored-machine.ts';
import { say, tolerant } from './output.ts';
import { VERSION } from './version.ts';

/** Whether standard output belongs to a monitor: then nothing else may be written to it. */
export const usesStdout = (specs: readonly MonitorSpec[]): boolean => specs.some(({ chardev }) => chardev.kind === 'stdio');

const sayWaiting = ({ chardev, location }: MonitorSpec): void => {
  if (chardev.kind === 'listen') say(`${location}: info: waiting for connection on: ${addressText(chardev.at)}`);
};

/**
 * Starts the monitors of a launch on the real sockets and streams of this process, whichever kernel the machine is on.
 * @param fdSources of fds that commands name
 * @param stop ends the waiting for a first client
 * @param quit is called for the command `quit`
 * @throws VmattachError, or the reason of `stop`
 */
export const openMonitors = (
  specs: readonly MonitorSpec[],
  machine: MonitoredMachine,
  fdSources: FdSources,
  stop: AbortSignal,
  quit: () => void,
): Promise<Monitors> => {
  const memory = new IdleMemory();
  return startMonitors(
    specs,
    {
      version: VERSION,
      commands: machine.commands,
      events: MACHINE_EVENTS,
      isPreconfig: () => machine.isPreconfig,
      quit,
      onEvent: () => memory.changed(),
    },
    {
      fdCalls: linuxFdCalls,
      fdSources,
      openMessageSocket,
      boundPath,
      streams: {
        get input() {
          return process.stdin;
        },
        get output() {
          return tolerant('stdout');
        },
      },
      onWait: sayWaiting,
      stop,
    },
  );
};
