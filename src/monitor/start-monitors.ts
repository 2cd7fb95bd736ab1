import path from 'node:path';
import { withLocationAsync } from '../errors/problem.ts';
import type { OpenableAddress, SocketAddress } from './chardev-spec.ts';
import { createCommandTable, type QmpCommand } from './command-table.ts';
import { COMMAND_LINE_COMMANDS } from './commands/command-line-options.ts';
import { FD_COMMANDS } from './commands/fds.ts';
import { protocolCommands } from './commands/protocol.ts';
import { quitCommand } from './commands/quit.ts';
import { ConnectedMonitor } from './connected-monitor.ts';
import { MONITOR_EVENTS, timestamp, type EventType, type QmpEvent } from './events.ts';
import { openFdReference, type FdSources } from '../kernel/fd-reference.ts';
import { ListeningMonitor } from './listening-monitor.ts';
import type { MonitorSpec } from './monitor-spec.ts';
import type { Monitor } from './monitor.ts';
import type { ClientSystem } from './socket-client.ts';
import { StdioMonitor, type StandardStreams } from './stdio-monitor.ts';
import { Turns } from './turns.ts';

/** What the monitors are monitors of. */
export interface MonitorHost {
  /** The version of vmattach. */
  readonly version: string;
  /** The commands and events of the machine, beside those that need none. */
  readonly commands: readonly QmpCommand[];
  readonly events: readonly EventType[];
  /** Whether the machine is still to be made, as with --preconfig. */
  readonly isPreconfig: () => boolean;
  /** Begins to end the program, with status 0. */
  readonly quit: () => void;
  /** Told of every event. */
  readonly onEvent: (event: QmpEvent) => void;
}

/** What the monitors need of the process they run in. */
export interface MonitorSystem extends Omit<ClientSystem, 'state'> {
  readonly fdSources: FdSources;
  readonly streams: StandardStreams;
  /** The path that a socket is bound to. */
  readonly boundPath: (fd: number) => string | undefined;
  /** Told that a monitor with `wait=on` waits for its first client. */
  readonly onWait: (spec: MonitorSpec) => void;
  /** Ends the waiting. */
  readonly stop: AbortSignal;
}

/** The monitors of a program. */
export interface Monitors {
  /** The machine is there: commands are run from now on. */
  ready(): void;
  /** Tells every client that has negotiated. */
  emit(event: QmpEvent): void;
  /** Lets all clients go; the command that runs is the last. */
  close(): Promise<void>;
}

/** The address behind a name. A path on which the service manager listens already is its socket: that keeps who waits there. */
const openable = async (address: SocketAddress, { fdSources, boundPath }: MonitorSystem): Promise<OpenableAddress> => {
  if ('reference' in address) return { fd: (await openFdReference(address.reference, fdSources)).number };
  if ('fd' in address) return address;
  const wanted = path.resolve(address.path);
  const activated = fdSources.listenFds.find(({ number }) => boundPath(number) === wanted);
  return activated === undefined ? address : { fd: activated.number };
};

const startMonitor = async ({ chardev, pretty }: MonitorSpec, system: ClientSystem & MonitorSystem): Promise<Monitor> => {
  switch (chardev.kind) {
    case 'stdio':
      return new StdioMonitor(system, system.streams, pretty);
    case 'connect':
      return ConnectedMonitor.connect(system, await openable(chardev.to, system), pretty);
    case 'listen':
      return ListeningMonitor.listen(system, await openable(chardev.at, system), pretty);
  }
};

/** Waits for the first client of a monitor with `wait=on`. @throws the reason of an abort */
const waitForClient = async (spec: MonitorSpec, monitor: Monitor, { onWait, stop }: MonitorSystem): Promise<void> => {
  if (spec.chardev.kind !== 'listen' || !spec.chardev.wait || !(monitor instanceof ListeningMonitor)) return;
  onWait(spec);
  await new Promise<void>((resolve, reject) => {
    void monitor.connected.then(resolve);
    const abort = (): void => reject(stop.reason instanceof Error ? stop.reason : new Error('aborted'));
    if (stop.aborted) abort();
    stop.addEventListener('abort', abort, { once: true });
  });
};

/**
 * Starts the monitors of a command line, one after another as QEMU does. Clients are greeted at once; their commands wait for `ready`.
 * @throws VmattachError, or the reason of `stop`; the monitors that were started are closed then
 */
export const startMonitors = async (specs: readonly MonitorSpec[], host: MonitorHost, system: MonitorSystem): Promise<Monitors> => {
  const { version, isPreconfig, quit, onEvent } = host;
  const monitors: Monitor[] = [];
  const { fdSources } = system;
  const { fdSets } = fdSources;
  let ready: () => void = () => undefined;
  const turns = new Turns(
    new Promise((resolve) => {
      ready = resolve;
    }),
  );
  const emit = (event: QmpEvent): void => {
    const { event: name, data } = event;
    const told = { timestamp: timestamp(), event: name, data };
    for (const monitor of monitors) monitor.tell(told);
    onEvent(event);
  };
  const end = (): void => {
    turns.stop();
    quit();
  };
  const commands = [...protocolCommands(version), ...FD_COMMANDS, ...COMMAND_LINE_COMMANDS, quitCommand(end), ...host.commands];
  const table = createCommandTable(commands, [...MONITOR_EVENTS, ...host.events]);
  const openReference = (reference: string) => openFdReference(reference, fdSources);
  const state = { table, turns, fdSets, openFdReference: openReference, version, isPreconfig, emit };
  const close = async (): Promise<void> => {
    turns.stop();
    await Promise.all(monitors.map((monitor) => monitor.close()));
    fdSets.closeAll();
  };
  try {
    for (const spec of specs) {
      const monitor = await withLocationAsync(spec.location, () => startMonitor(spec, { ...system, state }));
      monitors.push(monitor);
      await waitForClient(spec, monitor, system);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { ready: () => ready(), emit, close };
};
