import { bind } from './commands/bind.ts';
import { devices } from './commands/devices.ts';
import { doctor } from './commands/doctor.ts';
import { launch } from './commands/launch.ts';
import { plan } from './commands/plan.ts';
import { record } from './commands/record.ts';
import { unbind } from './commands/unbind.ts';

/** What the first word of a command line can be. */
export interface Subcommand {
  readonly name: string;
  /** What comes behind the name, as usage shows it. */
  readonly operands: string;
  /** One line for help. */
  readonly summary: string;
  /** It takes the options of a launch; else it reads its words itself. */
  readonly takesLaunch: boolean;
  /** @param argv without the subcommand's name. @returns the exit status. @throws VmattachError */
  readonly run: (argv: readonly string[]) => number | Promise<number>;
}

/** Without a subcommand: the launch itself. */
export const LAUNCH: Subcommand = {
  name: '',
  operands: '[OPTION]... QEMU-OPTION...',
  summary: 'attach the devices and launch',
  takesLaunch: true,
  run: launch,
};

export const SUBCOMMANDS: readonly Subcommand[] = [
  {
    name: 'plan',
    operands: '[OPTION]... QEMU-OPTION...',
    summary: 'print what a launch would do and why; touches nothing',
    takesLaunch: true,
    run: plan,
  },
  {
    name: 'doctor',
    operands: '[OPTION]... [QEMU-OPTION]...',
    summary: 'check whether this host is ready, for a launch if its options are given',
    takesLaunch: true,
    run: doctor,
  },
  {
    name: 'devices',
    operands: '[OPTION]... [FILTER]...',
    summary: 'list PCI devices and whether they can be passed through',
    takesLaunch: false,
    run: devices,
  },
  {
    name: 'record',
    operands: '',
    summary: 'print the facts about this host as a model for --host-model',
    takesLaunch: false,
    run: record,
  },
  {
    name: 'bind',
    operands: '[OPTION]... DEVICE...',
    summary: 'give devices and their IOMMU groups to vfio',
    takesLaunch: false,
    run: bind,
  },
  {
    name: 'unbind',
    operands: '[OPTION]... DEVICE...',
    summary: 'give devices back to the drivers they had',
    takesLaunch: false,
    run: unbind,
  },
];
