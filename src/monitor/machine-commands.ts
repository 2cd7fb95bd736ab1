import type { QmpCommand } from './command-table.ts';
import { ABSENT_PART_COMMANDS } from './commands/absent-parts.ts';
import { queryChardev } from './commands/chardevs.ts';
import { deviceAdd } from './commands/device-add.ts';
import { deviceDel } from './commands/device-del.ts';
import { identityCommands } from './commands/identity.ts';
import { memoryCommands } from './commands/memory.ts';
import { objectCommands } from './commands/objects.ts';
import { queryPci } from './commands/pci.ts';
import { exitPreconfig } from './commands/preconfig.ts';
import { qomCommands } from './commands/qom.ts';
import { QOM_TYPE_COMMANDS } from './commands/qom-types.ts';
import { runStateCommands } from './commands/run-state.ts';
import { vendorCommands } from './commands/vendor.ts';
import type { MachineIdentity } from '../request/machine-identity.ts';
import { HeldFds } from './held-fds.ts';
import type { MachineHost, MachineState } from './machine-host.ts';
import { sayingWhy } from './saying-why.ts';

/** @param identity with `-S` clients expect to say `cont`, with `--preconfig` first `x-exit-preconfig` */
export const createMachineState = ({
  startsPaused,
  preconfig,
}: Pick<MachineIdentity, 'startsPaused' | 'preconfig'>): MachineState => ({
  runState: startsPaused || preconfig ? 'prelaunch' : 'running',
  preconfig,
  hotplugged: new Set(),
  unplugging: new Set(),
  fds: new HeldFds(),
});

/** All commands that are about the machine. */
export const machineCommands = (host: MachineHost): readonly QmpCommand[] => [
  ...[...objectCommands(host), deviceAdd(host), deviceDel(host), exitPreconfig(host)].map(sayingWhy(host)),
  ...qomCommands(host),
  ...QOM_TYPE_COMMANDS,
  ...runStateCommands(host),
  ...identityCommands(host),
  ...memoryCommands(host),
  queryPci(host),
  queryChardev(host),
  ...ABSENT_PART_COMMANDS,
  ...vendorCommands(host),
];
