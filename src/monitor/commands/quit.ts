import { defineCommand, type QmpCommand } from '../command-table.ts';
import { shutdownEvent } from '../events.ts';

/** The event comes before the reply, as in QEMU. @param end ends the program, with status 0 */
export const quitCommand = (end: () => void): QmpCommand =>
  defineCommand({
    name: 'quit',
    arguments: [],
    allowPreconfig: true,
    run: ({ emit }) => {
      emit(shutdownEvent('host-qmp-quit'));
      end();
      return undefined;
    },
  });
