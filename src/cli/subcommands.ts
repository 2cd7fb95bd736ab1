import { launch } from './commands/launch.ts';
import { plan } from './commands/plan.ts';

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
];
