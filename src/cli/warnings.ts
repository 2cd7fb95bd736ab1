import type { RequestWarning } from '../request/request.ts';
import { say, sayProblem } from './output.ts';

/** A megabyte of flags would be as many warnings, each with the megabyte before it. */
const MOST_WARNINGS = 5;

type Report = (warning: RequestWarning) => void;

/** Says warnings as they come, up to a number. */
export const warningReporter = (): Report => {
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

/** Warnings that wait until it is known who says them: an engine reads the same command line and has the same ones. */
export class HeldWarnings {
  readonly #report = warningReporter();
  readonly #held: RequestWarning[] = [];

  readonly add: Report = (warning) => {
    this.#held.push(warning);
  };

  /** Says those that have not been said. */
  say(): void {
    this.#held.splice(0).forEach(this.#report);
  }
}
