import { VmattachError, type Problem } from '../errors/problem.ts';
import { scanArgv, type ScannedArgv } from '../options/scan-argv.ts';
import { createPlan } from '../plan/create-plan.ts';
import { hasErrors, type Plan } from '../plan/plan.ts';
import { planJson } from '../report/plan-json.ts';
import { planText } from '../report/plan-text.ts';
import { problemText } from '../report/problem-text.ts';
import { readRequest } from '../request/read-request.ts';
import type { RequestWarning } from '../request/request.ts';
import { answerHelp } from './help-request.ts';
import { accessHost } from './host-access.ts';
import { launch } from './launch.ts';
import { print, say, sayLines, tolerateClosedPipes } from './output.ts';
import { OWN_OPTIONS } from './own-options.ts';
import { readSettings } from './settings.ts';
import { takeSubcommand } from './subcommand.ts';
import { usage } from './usage.ts';
import { VERSION } from './version.ts';

/** What QEMU starts on a PC when `-machine` does not say (hw/i386/pc_piix.c). */
const DEFAULT_MACHINE = 'pc';

/** Answers the first request for help or the version. @returns the exit status, undefined when nobody asked */
const help = ({ options }: ScannedArgv): number | undefined => {
  for (const option of options) {
    if (option.name === 'h' || option.name === 'help') {
      print(usage());
      return 0;
    }
    if (option.name === 'version') {
      print(`vmattach ${VERSION}`);
      return 0;
    }
    const answer = answerHelp(option);
    if (answer !== undefined) {
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

const sayProblem = (problem: Problem): void => sayLines(problemText(problem));

/** A megabyte of flags would be as many warnings, each with the megabyte before it. */
const MOST_WARNINGS = 10;

const warningReporter = (): ((warning: RequestWarning) => void) => {
  let said = 0;
  return ({ location, message, hint }) => {
    said += 1;
    if (said <= MOST_WARNINGS) {
      sayProblem({ code: 'SYNTAX', severity: 'warning', location, message, hint });
    } else if (said === MOST_WARNINGS + 1) {
      say('warning: further warnings are not shown');
    }
  };
};

const showPlan = (plan: Plan, format: 'text' | 'json'): number => {
  print(format === 'json' ? JSON.stringify(planJson(plan), undefined, 2) : planText(plan));
  return hasErrors(plan) ? 1 : 0;
};

const run = async (argv: readonly string[]): Promise<number> => {
  const { isPlan, rest } = takeSubcommand(argv);
  const scanned = scanArgv(rest, OWN_OPTIONS);
  const helped = help(scanned);
  if (helped !== undefined) {
    return helped;
  }
  const settings = readSettings(scanned.options);
  const request = readRequest(scanned, DEFAULT_MACHINE, warningReporter());
  const host = accessHost(settings.hostModel, request);
  const plan = createPlan(request, host.facts, settings.backends);
  if (isPlan || settings.dryRun) {
    return showPlan(plan, settings.format);
  }
  plan.problems.forEach(sayProblem);
  if (hasErrors(plan)) {
    return 1;
  }
  await launch(plan, host, settings);
  return 0;
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
  tolerateClosedPipes();
  try {
    return await run(argv);
  } catch (error) {
    explain(error);
    return 1;
  }
};
