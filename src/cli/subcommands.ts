import { launch } from './commands/launch.ts';

/** What the first word of a command line can be. */
export interface Subcommand {
  readonly name: string;
  /** What comes behind the name, as usage shows it. */
  readonly operands: string;
  /** One line for help. */
  readonly summary: string;
  /** It takes the options of a launch; else it reads its words itself. */
  readonly takesLaunch: boolean;
  /** Loads what it needs. @param argv without the subcommand's name. @returns the exit status. @throws VmattachError */
  readonly run: (argv: readonly string[]) => Promise<number>;
}

/** Without a subcommand: the launch itself. */
export const LAUNCH: Subcommand = {
  name: '',
  operands: '[OPTION]... QEMU-OPTION...',
  summary: 'attach the devices and launch',
  takesLaunch: true,
  run: launch,
};

/** For vmattach itself: what `--supervise` starts, and what becomes the engine. */
export const BECOME_ORDERED: Subcommand = {
  name: '#engine',
  operands: 'FD',
  summary: 'become the engine that was ordered through a file descriptor',
  takesLaunch: false,
  run: async (argv) => (await import('./commands/become-ordered.ts')).becomeOrdered(argv),
};

export const SUBCOMMANDS: readonly Subcommand[] = [
  {
    name: 'plan',
    operands: '[OPTION]... QEMU-OPTION...',
    summary: 'print what a launch would do and why; touches nothing',
    takesLaunch: true,
    run: async (argv) => (await import('./commands/plan.ts')).plan(argv),
  },
  {
    name: 'doctor',
    operands: '[OPTION]... [QEMU-OPTION]...',
    summary: 'check whether this host is ready, for a launch if its options are given',
    takesLaunch: true,
    run: async (argv) => (await import('./commands/doctor.ts')).doctor(argv),
  },
  {
    name: 'devices',
    operands: '[OPTION]... [FILTER]...',
    summary: 'list PCI devices and whether they can be passed through',
    takesLaunch: false,
    run: async (argv) => (await import('./commands/devices.ts')).devices(argv),
  },
  {
    name: 'probe',
    operands: '[OPTION]...',
    summary: 'print what the kernel offers for each backend',
    takesLaunch: false,
    run: async (argv) => (await import('./commands/probe.ts')).probe(argv),
  },
  {
    name: 'record',
    operands: '',
    summary: 'print the facts about this host as a model for --host-model',
    takesLaunch: false,
    run: async (argv) => (await import('./commands/record.ts')).record(argv),
  },
  {
    name: 'bind',
    operands: '[OPTION]... DEVICE...',
    summary: 'give devices and their IOMMU groups to vfio',
    takesLaunch: false,
    run: async (argv) => (await import('./commands/bind.ts')).bind(argv),
  },
  {
    name: 'unbind',
    operands: '[OPTION]... DEVICE...',
    summary: 'give devices back to the drivers they had',
    takesLaunch: false,
    run: async (argv) => (await import('./commands/unbind.ts')).unbind(argv),
  },
  {
    name: 'qmp',
    operands: '[OPTION]... SOCKET COMMAND [JSON]',
    summary: 'give a command to a running machine, with a file descriptor if one is needed',
    takesLaunch: false,
    run: async (argv) => (await import('./commands/qmp.ts')).qmp(argv),
  },
  {
    name: 'completion',
    operands: 'bash|zsh|fish',
    summary: 'print a completion script for a shell',
    takesLaunch: false,
    run: async (argv) => (await import('./commands/completion.ts')).completion(argv),
  },
];
