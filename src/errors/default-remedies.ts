import { CODE_GUIDE } from './code-guide.ts';
import type { ProblemCode } from './codes.ts';
import type { Problem } from './problem.ts';

/** Codes whose meaning is the cause wherever the place that found the problem knows nothing better. */
const SELF_EXPLAINING: ReadonlySet<ProblemCode> = new Set([
  'OPTION_UNKNOWN',
  'OPTION_ARGUMENT_MISSING',
  'OPTION_UNSUPPORTED',
  'SYNTAX',
  'VALUE_INVALID',
  'PROPERTY_UNKNOWN',
  'PROPERTY_MISSING',
  'ID_INVALID',
  'ID_DUPLICATE',
]);

/** The problem with a cause and fixes for certain, as far as its code has some. */
export const withDefaultRemedy = (problem: Problem): Problem => {
  if (problem.severity !== 'error' || !SELF_EXPLAINING.has(problem.code)) {
    return problem;
  }
  const { meaning, fixes } = CODE_GUIDE[problem.code];
  return { ...problem, cause: problem.cause ?? meaning, fixes: problem.fixes ?? fixes };
};
