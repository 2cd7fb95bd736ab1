import { VmattachError } from '../errors/problem.ts';
import { scanArgv, type ScannedArgv } from '../options/scan-argv.ts';
import { answerHelp } from './help-request.ts';
import { hasEngine } from './engine-search.ts';
import { print, sayLines, sayProblem } from './output.ts';
import { OWN_OPTIONS } from './own-options.ts';
import { takeSubcommand } from './subcommand.ts';
import { LAUNCH, type Subcommand } from './subcommands.ts';
import { usage } from './usage.ts';
import { VERSION } from './version.ts';

/** Answers the first request for help or the version. @returns the exit status, undefined when nobody asked or the engine answers */
const help = ({ options }: ScannedArgv, command: Subcommand): number | undefined => {
  for (const option of options) {
    if (option.name === 'h' || option.name === 'help') {
      print(usage(command));
      return 0;
    }
    if (option.name === 'version') {
      print(`vmattach ${VERSION}`);
      return 0;
    }
    const answer = answerHelp(option);
    if (answer?.askEngine === true && command === LAUNCH && hasEngine(options)) {
      return undefined;
    }
    if (answer !== undefined) {
      const { location } = option;
      answer.warnings?.forEach(({ message, hint }) =>
        sayProblem({ code: 'SYNTAX', severity: 'warning', location, message, hint: [hint] }),
      );
      if (answer.output.length > 0) {
        print(answer.output.join('\n'));
      }
      if (answer.error !== undefined) {
        sayLines(answer.error);
      }
      return answer.status;
    }
  }
  return undefined;
};

const run = async (argv: readonly string[]): Promise<number> => {
  // QEMU would start an empty machine with a window, which nobody means.
  const { command, rest } = takeSubcommand(argv.length === 0 ? ['help'] : argv);
  const helped = command.takesLaunch ? help(scanArgv(rest, OWN_OPTIONS), command) : undefined;
  return helped ?? command.run(rest);
};

/** Nothing that goes wrong reaches the user as a stack trace. */
const explain = (error: unknown): void => {
  if (error instanceof VmattachError) {
    sayProblem(error.problem);
    return;
  }
  const message = error instanceof Error ? error.message : String(error);
  sayProblem({
    code: 'INTERNAL',
    severity: 'error',
    message: `internal error: ${message}`,
    cause: 'this is a defect in vmattach, not in what you asked for',
    fixes: ['report it with the command line and, where it helps, --log-level debug'],
  });
};

/** The program. @param argv without the interpreter and the script. @returns the exit status */
export const main = async (argv: readonly string[]): Promise<number> => {
  try {
    return await run(argv);
  } catch (error) {
    explain(error);
    return 1;
  }
};
