import { defineCommand, type QmpCommand } from '../command-table.ts';
import type { MachineHost } from '../machine-host.ts';

/** Every character device is a monitor's, so its frontend is always open. */
export const queryChardev = ({ chardevs }: MachineHost): QmpCommand =>
  defineCommand({
    name: 'query-chardev',
    allowPreconfig: true,
    arguments: [],
    returns: {
      list: {
        members: [
          { name: 'label', type: 'str' },
          { name: 'filename', type: 'str' },
          { name: 'frontend-open', type: 'bool' },
        ],
      },
    },
    run: () => chardevs().map(({ label, filename }) => ({ label, filename, 'frontend-open': true })),
  });
