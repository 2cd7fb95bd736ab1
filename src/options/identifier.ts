import { failure } from '../errors/problem.ts';

const IDENTIFIER = /^[A-Za-z][A-Za-z0-9._-]*$/;

/** Whether an id is well-formed (util/id.c): an ASCII letter, then letters, digits, `-`, `.`, `_`. */
export const isIdentifier = (text: string): boolean => IDENTIFIER.test(text);

/** Returns the id. Throws `Parameter 'id' expects an identifier`. */
export const parseIdentifier = (text: string, name = 'id'): string => {
  if (isIdentifier(text)) return text;
  throw failure('ID_INVALID', `Parameter '${name}' expects an identifier`, {
    hint: [`Identifiers consist of letters, digits, '-', '.', '_', starting with a letter.`],
  });
};
