import { PROBLEM_CODES } from '../errors/codes.ts';

/** A JSON Schema, or a part of one. */
export type Schema = Readonly<Record<string, unknown>>;

/** An object with exactly these keys. */
export const closed = (
  description: string,
  properties: Readonly<Record<string, Schema>>,
  optional: readonly string[] = [],
): Schema => ({
  type: 'object',
  description,
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  additionalProperties: false,
});

export const list = (description: string, items: Schema): Schema => ({ type: 'array', description, items });
export const text = (description: string): Schema => ({ type: 'string', description });
export const textOrNull = (description: string): Schema => ({ type: ['string', 'null'], description });
export const path = (description: string): Schema => ({ type: 'string', pattern: '^/', description });
export const choice = (description: string, values: readonly (string | null)[]): Schema => ({ enum: values, description });
export const flag = (description: string): Schema => ({ type: 'boolean', description });

/** How `problemJson` writes a problem. */
export const PROBLEM = closed('Something that stands against the launch or should be known.', {
  code: choice('What it is; codes are stable.', PROBLEM_CODES),
  severity: choice('"error" stops the launch; others do not.', ['error', 'warning', 'info']),
  subject: textOrNull('QOM path, node or resource that is concerned.'),
  message: text('What QEMU says to it, where QEMU has words.'),
  cause: textOrNull('Why, with the guilty thing named.'),
  fixes: list('What to do about it; commands can be pasted.', text('One way.')),
});
