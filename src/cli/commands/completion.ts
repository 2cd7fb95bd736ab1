import { failure } from '../../errors/problem.ts';
import { print } from '../output.ts';
import { readOperands, type OperandSyntax } from '../read-operands.ts';

/** Its words, for parsing, help, completion and the manual. */
export const COMPLETION_SYNTAX: OperandSyntax = {
  name: 'completion',
  summary: `Prints a completion script for a shell.

  source <(vmattach completion bash)
  vmattach completion zsh > ~/.zfunc/_vmattach
  vmattach completion fish > ~/.config/fish/completions/vmattach.fish`,
  operands: '<shell>',
  options: [],
};

/** `vmattach completion SHELL`. @returns the exit status */
export const completion = async (argv: readonly string[]): Promise<number> => {
  const words = readOperands(COMPLETION_SYNTAX, argv);
  if (words === undefined) {
    return 0;
  }
  const { COMPLETION_SCRIPTS } = await import('../completion-scripts.ts');
  const [shell = ''] = words.operands;
  const script = Object.entries(COMPLETION_SCRIPTS).find(([name]) => name === shell)?.[1];
  if (script === undefined) {
    const known = Object.keys(COMPLETION_SCRIPTS);
    throw failure('VALUE_INVALID', `no completion for '${shell}'`, {
      location: `completion ${shell}`,
      cause: `the shells are ${known.join(', ')}`,
      fixes: known.map((name) => `vmattach completion ${name}`),
    });
  }
  print(script());
  return 0;
};
