import type { ProblemCode } from './codes.ts';
import type { Problem } from './problem.ts';

type Remedy = Pick<Problem, 'cause' | 'fixes'>;

/** What is said where the place that found a problem knows nothing better. */
const DEFAULTS: Partial<Readonly<Record<ProblemCode, Remedy>>> = {
  OPTION_UNKNOWN: { cause: 'neither QEMU nor vmattach has an option of that name', fixes: ['vmattach --help'] },
  OPTION_ARGUMENT_MISSING: { cause: 'the command line ends after the option', fixes: ['vmattach --help'] },
  OPTION_UNSUPPORTED: { cause: 'the option belongs to other machines', fixes: ['leave it out'] },
  SYNTAX: { cause: 'the text is not of the form that the option takes', fixes: ['vmattach --help'] },
  VALUE_INVALID: { cause: 'the value is not of the form that the option takes', fixes: ['vmattach --help'] },
  PROPERTY_UNKNOWN: { cause: 'the option has no parameter of that name', fixes: ['remove it, or check its spelling'] },
  PROPERTY_MISSING: { cause: 'the option needs this parameter', fixes: ['add it'] },
  ID_INVALID: { cause: 'an id names an object or device in links, messages and QMP', fixes: ['use an id like hostdev0'] },
  ID_DUPLICATE: { cause: 'an earlier option uses the same id', fixes: ['use another id'] },
};

/** The problem with a cause and fixes for certain, as far as its code has some. */
export const withDefaultRemedy = (problem: Problem): Problem => {
  const { cause, fixes } = problem.severity === 'error' ? (DEFAULTS[problem.code] ?? {}) : {};
  return { ...problem, cause: problem.cause ?? cause, fixes: problem.fixes ?? fixes };
};
