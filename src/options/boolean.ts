import { failure } from '../errors/problem.ts';

const TRUE = new Set(['on', 'yes', 'true', 'y']);
const FALSE = new Set(['off', 'no', 'false', 'n']);

/** One of eight words, case-sensitive (qapi/qapi-util.c). Throws `Parameter 'x' expects 'on' or 'off'`. */
export const parseBoolean = (name: string, text: string): boolean => {
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  throw failure('VALUE_INVALID', `Parameter '${name}' expects 'on' or 'off'`);
};
