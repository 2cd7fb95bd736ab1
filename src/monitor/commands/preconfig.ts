import { refused } from '../command-error.ts';
import { defineCommand, type QmpCommand } from '../command-table.ts';
import { resumeEvent } from '../machine-events.ts';
import type { MachineHost } from '../machine-host.ts';

/**
 * Ends the wait of `--preconfig`: the devices of the command line are attached. When one of them cannot be, the wait goes on without
 * any of them, so that the client can do something about it; QEMU ends.
 */
export const exitPreconfig = ({ state, plugWaiting, startsPaused }: MachineHost): QmpCommand =>
  defineCommand({
    name: 'x-exit-preconfig',
    arguments: [],
    features: ['unstable'],
    allowPreconfig: true,
    run: async ({ emit }) => {
      if (!state.preconfig) throw refused('The command is permitted only before machine initialization');
      await plugWaiting();
      state.preconfig = false;
      if (!startsPaused) {
        state.runState = 'running';
        emit(resumeEvent());
      }
      return undefined;
    },
  });
