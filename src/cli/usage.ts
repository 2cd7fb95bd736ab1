import { QEMU_OPTIONS } from '../options/qemu-options-table.ts';
import { SUBCOMMANDS } from './subcommands.ts';
import { createProgram } from './settings.ts';

const INTRODUCTION = `usage: vmattach [SUBCOMMAND] [OPTION]... QEMU-OPTION...

Attaches host devices to a virtual machine through VFIO: checks first, says which backend each device uses and why,
and takes everything back when it ends. The command line is QEMU's.

  vmattach -machine bare -m 1G -device vfio-pci,host=0000:01:00.0
  vmattach plan -m 1G -object iommufd,id=iommufd0 -device vfio-pci,host=0000:01:00.0,iommufd=iommufd0
`;

const OWN = `
Options of vmattach have two dashes:
`;

const MORE = `
QEMU's options have one dash or two. These say what is attached:
`;

const SHOWN = ['machine', 'm', 'mem-path', 'object', 'device', 'help', 'version'];

const qemuLines = (): string[] =>
  SHOWN.flatMap((name) => {
    const option = QEMU_OPTIONS.find((candidate) => candidate.name === name);
    return option === undefined ? [] : [`  ${`-${name} ${option.metavar ?? ''}`.padEnd(40)} ${option.help}`];
  });

const ownLines = (): string[] => {
  const program = createProgram();
  const help = program.createHelp();
  return help.visibleOptions(program).map((option) => `  ${help.optionTerm(option).padEnd(40)} ${help.optionDescription(option)}`);
};

/** The text of `--help`, made from the option tables. */
export const usage = (): string =>
  [
    INTRODUCTION.trimEnd(),
    '',
    'Subcommands:',
    ...SUBCOMMANDS.map(({ name, summary }) => `  ${name.padEnd(40)} ${summary}`),
    OWN.trimEnd(),
    ...ownLines(),
    MORE.trimEnd(),
    ...qemuLines(),
    '',
    'More: -object help, -object TYPE,help, -device help, -device TYPE,help, -machine help.',
    `All ${QEMU_OPTIONS.length} options of QEMU are known by name.`,
  ].join('\n');
