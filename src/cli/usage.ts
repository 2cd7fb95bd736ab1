import { QEMU_BY_NAME, QEMU_OPTIONS } from '../options/qemu-options-table.ts';
import { OWN_OPTIONS, type OwnOptionDefinition } from './own-options.ts';
import { LAUNCH, SUBCOMMANDS, type Subcommand } from './subcommands.ts';

const INTRODUCTION = `usage: vmattach [SUBCOMMAND] [OPTION]... QEMU-OPTION...

Launches virtual machines with passed-through devices. The command line is QEMU's: vmattach checks it against this
host, says which VFIO backend each device uses and why, and hands over to QEMU; -machine bare attaches without a guest.

  vmattach plan -machine q35 -m 8G -device vfio-pci,host=0000:01:00.0
  vmattach -machine q35 -accel kvm -m 8G -object iommufd,id=iommufd0 \\
    -device vfio-pci,host=0000:01:00.0,iommufd=iommufd0 disk.img

Subcommands, each with --help:`;

const WIDTH = 110;
const INDENT = 26;

/** Words in lines of at most `width` characters; a longer word has a line of its own. */
const wrap = (text: string, width: number): string[] => {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
};

/** A term and what it means, side by side; below each other when the term is too long for that. */
const row = (term: string, text: string): string[] => {
  const [first = '', ...rest] = wrap(text, WIDTH - INDENT);
  const below = rest.map((line) => ' '.repeat(INDENT) + line);
  const left = `  ${term}`;
  return left.length < INDENT - 1
    ? [left.padEnd(INDENT) + first, ...below]
    : [left, ...[first, ...rest].map((line) => ' '.repeat(INDENT) + line)];
};

const describe = ({ description, choices, default: value }: OwnOptionDefinition): string =>
  [
    description,
    ...(choices === undefined ? [] : [`one of ${choices.join(', ')}`]),
    ...(value === undefined ? [] : [`default ${value}`]),
  ].join('; ');

/** They choose between subcommands, so to speak. */
const LAUNCH_ONLY = new Set(['dry-run', 'check']);

const ownRows = (command: Subcommand): string[] =>
  OWN_OPTIONS.filter(({ name }) => command === LAUNCH || !LAUNCH_ONLY.has(name)).flatMap((option) =>
    row(`--${option.name}${option.metavar === undefined ? '' : ` ${option.metavar}`}`, describe(option)),
  );

const SHOWN = 'machine m mem-path object device qmp chardev mon add-fd daemonize pidfile name S help version'.split(' ');

const qemuRows = (): string[] =>
  SHOWN.flatMap((name) => {
    const option = QEMU_BY_NAME.get(name);
    return option === undefined ? [] : row(`-${name} ${option.metavar ?? ''}`.trimEnd(), option.help);
  });

const introduction = (command: Subcommand): string[] => {
  const { name, operands, summary } = command;
  return command === LAUNCH
    ? [INTRODUCTION, ...SUBCOMMANDS.flatMap((known) => row(known.name, known.summary))]
    : [`usage: vmattach ${name} ${operands}`, '', `${summary.slice(0, 1).toUpperCase()}${summary.slice(1)}.`];
};

/** The text of `--help`, made from the option tables. @param command that takes the options of a launch */
export const usage = (command: Subcommand): string =>
  [
    ...introduction(command),
    '',
    'Options of vmattach have two dashes:',
    ...ownRows(command),
    '',
    "QEMU's options have one dash or two. These say what is attached, and how it is managed:",
    ...qemuRows(),
    '',
    'More: -object help, -object TYPE,help, -device help, -device TYPE,help, -machine help.',
    `All ${QEMU_OPTIONS.length} options of QEMU are known by name.`,
  ].join('\n');
