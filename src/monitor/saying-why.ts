import { VmattachError } from '../errors/problem.ts';
import type { QmpCommand } from './command-table.ts';
import type { MachineHost } from './machine-host.ts';

/**
 * A reply has QEMU's words and no room for cause and fix: those go to where the machine says the rest, its standard error.
 * @returns the command, which says so when it is refused
 */
export const sayingWhy =
  ({ warn }: Pick<MachineHost, 'warn'>) =>
  (command: QmpCommand): QmpCommand => {
    const tell = (error: unknown): never => {
      if (error instanceof VmattachError && error.problem.cause !== undefined) {
        warn({ ...error.problem, severity: 'warning', location: command.name });
      }
      throw error;
    };
    return {
      ...command,
      run: (context, given) => {
        try {
          const result = command.run(context, given);
          return result instanceof Promise ? result.catch(tell) : result;
        } catch (error) {
          return tell(error);
        }
      },
    };
  };
