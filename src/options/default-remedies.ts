import { CODE_GUIDE } from '../errors/code-guide.ts';
import type { ProblemCode } from '../errors/codes.ts';
import type { Problem } from '../errors/problem.ts';
import { QEMU_BY_NAME } from './qemu-options-table.ts';

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

/** Codes of what is cured by knowing what the option takes. */
const ABOUT_FORM: ReadonlySet<ProblemCode> = new Set(['OPTION_ARGUMENT_MISSING', 'SYNTAX', 'VALUE_INVALID']);

/** What an option takes, by the location of a problem: `-m 64X`. */
const usage = (location = ''): string | undefined => {
  const [, name = ''] = /^--?([\w-]+)(?: |$)/.exec(location) ?? [];
  const option = QEMU_BY_NAME.get(name);
  return option?.metavar === undefined ? undefined : `-${option.name} takes ${option.metavar}: ${option.help}`;
};

/** The problem with a cause and fixes for certain, as far as its code has some. */
export const withDefaultRemedy = (problem: Problem): Problem => {
  const { code, severity, location } = problem;
  if (severity !== 'error' || !SELF_EXPLAINING.has(code)) {
    return problem;
  }
  const { meaning, fixes } = CODE_GUIDE[code];
  const form = ABOUT_FORM.has(code) ? usage(location) : undefined;
  return { ...problem, cause: problem.cause ?? meaning, fixes: problem.fixes ?? (form === undefined ? fixes : [form]) };
};
