import { defineCommand, type QmpCommand } from '../command-table.ts';
import { resetEvent, resumeEvent, stopEvent } from '../machine-events.ts';
import { RUN_STATES, type MachineHost } from '../machine-host.ts';

const queryStatus = ({ state }: MachineHost): QmpCommand =>
  defineCommand({
    name: 'query-status',
    allowPreconfig: true,
    arguments: [],
    returns: {
      members: [
        { name: 'running', type: 'bool' },
        { name: 'status', type: { values: RUN_STATES } },
      ],
    },
    run: () => ({ status: state.runState, running: state.runState === 'running' }),
  });

/** There is no guest to run: the state is kept for clients, which wait for the event. */
const cont = ({ state }: MachineHost): QmpCommand =>
  defineCommand({
    name: 'cont',
    arguments: [],
    run: ({ emit }) => {
      if (state.runState !== 'running') {
        state.runState = 'running';
        emit(resumeEvent());
      }
      return undefined;
    },
  });

/** Only what runs stops: before the first `cont` the state stays `prelaunch`. */
const stop = ({ state }: MachineHost): QmpCommand =>
  defineCommand({
    name: 'stop',
    arguments: [],
    run: ({ emit }) => {
      if (state.runState === 'running') {
        state.runState = 'paused';
        emit(stopEvent());
      }
      return undefined;
    },
  });

/** Resets the devices. One that cannot be reset is no error, as in QEMU; the log says so. */
const systemReset = ({ machine, warn }: MachineHost): QmpCommand =>
  defineCommand({
    name: 'system_reset',
    arguments: [],
    run: async ({ emit }) => {
      const problems = await machine().resetDevices();
      problems.forEach(warn);
      emit(resetEvent());
      return undefined;
    },
  });

export const runStateCommands = (host: MachineHost): readonly QmpCommand[] => [
  queryStatus(host),
  cont(host),
  stop(host),
  systemReset(host),
];
