import { DEVICE_TYPES } from '../devices/device-types.ts';
import { OBJECT_TYPES } from '../objects/object-types.ts';
import { takesArgument } from '../options/qemu-option.ts';
import { QEMU_OPTIONS } from '../options/qemu-options-table.ts';
import { OPERAND_SYNTAXES } from './operand-syntaxes.ts';
import { OWN_OPTIONS, type OwnOptionDefinition } from './own-options.ts';
import { SUBCOMMANDS } from './subcommands.ts';

/** An option as a shell completes it. */
export interface CompletedOption {
  /** With its dashes. */
  readonly word: string;
  readonly description: string;
  readonly takesArgument: boolean;
  /** What its argument can be; empty: a file, or anything. */
  readonly values: readonly string[];
}

export interface CompletedCommand {
  readonly name: string;
  readonly summary: string;
  /** Undefined: those of a launch. */
  readonly options: readonly CompletedOption[] | undefined;
  /** What its words can be, beside options. */
  readonly operands: readonly string[];
}

const own = ({ name, metavar, description, choices = [] }: OwnOptionDefinition): CompletedOption => ({
  word: `--${name}`,
  description,
  takesArgument: metavar !== undefined,
  values: choices,
});

/** Beginnings of arguments that QEMU's options take. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  device: DEVICE_TYPES.map(({ name }) => `${name},`),
  object: OBJECT_TYPES.map(({ name }) => `${name},id=`),
  machine: ['bare', 'q35'],
  M: ['bare', 'q35'],
};

/** Those of a launch: our own and QEMU's. */
export const LAUNCH_WORDS: readonly CompletedOption[] = [
  ...OWN_OPTIONS.map(own),
  ...QEMU_OPTIONS.map((option) => ({
    word: `-${option.name}`,
    description: option.help,
    takesArgument: takesArgument(option),
    values: VALUES[option.name] ?? [],
  })),
];

const OPERANDS: Readonly<Record<string, readonly string[]>> = { completion: ['bash', 'zsh', 'fish'] };

export const COMMAND_WORDS: readonly CompletedCommand[] = SUBCOMMANDS.map(({ name, summary }) => ({
  name,
  summary,
  options: OPERAND_SYNTAXES.find((syntax) => syntax.name === name)?.options.map(own),
  operands: OPERANDS[name] ?? [],
}));
