import { Command, CommanderError } from 'commander';
import { failure } from '../errors/problem.ts';
import type { OwnOptionDefinition } from './own-options.ts';
import { print } from './output.ts';
import { toOption } from './parse-settings.ts';

/** A subcommand that takes words and options of our own, and none of QEMU's. */
export interface OperandSyntax {
  readonly name: string;
  readonly summary: string;
  /** As commander writes them: `<device...>`, `<socket> <command> [json]`; undefined takes none. */
  readonly operands?: string;
  readonly options: readonly OwnOptionDefinition[];
}

const createCommand = ({ name, summary, operands, options }: OperandSyntax): Command => {
  const command = new Command(`vmattach ${name}`).description(summary);
  if (operands !== undefined) {
    command.arguments(operands);
  }
  for (const option of options) {
    command.addOption(toOption(option));
  }
  return command
    .exitOverride()
    .allowExcessArguments(false)
    .configureOutput({ writeErr: () => undefined, writeOut: (text) => print(text.trimEnd()) });
};

const refused = (error: CommanderError, name: string) =>
  failure(error.code === 'commander.unknownOption' ? 'OPTION_UNKNOWN' : 'VALUE_INVALID', error.message.replace(/^error: /, ''), {
    location: name,
    cause: error.code === 'commander.missingArgument' ? 'a word is missing' : `${name} does not take these words`,
    fixes: [`vmattach ${name} --help`],
  });

/**
 * Reads the words of a subcommand. `--help` prints its help.
 * @returns undefined when help was printed
 * @throws OPTION_UNKNOWN, VALUE_INVALID
 */
export const readOperands = <Values extends object>(
  syntax: OperandSyntax,
  argv: readonly string[],
): { readonly operands: readonly string[]; readonly values: Values } | undefined => {
  const command = createCommand(syntax);
  try {
    command.parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      throw error;
    }
    if (error.code === 'commander.helpDisplayed') {
      return undefined;
    }
    throw refused(error, syntax.name);
  }
  return { operands: command.args, values: command.opts<Values>() };
};
