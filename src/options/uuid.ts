import { failure } from '../errors/problem.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The argument of `-uuid`, in lower case (util/uuid.c: 8-4-4-4-12 hexadecimal digits of either case, nothing around them). */
export const parseUuid = (text: string): string => {
  if (UUID.test(text)) return text.toLowerCase();
  throw failure('VALUE_INVALID', 'failed to parse UUID string: wrong format');
};

/**
 * A UUID property such as `vfio-pci.vf-token`: as {@link parseUuid}, or the word `auto` for a random one, which the caller makes.
 * `property` is `TYPE.NAME`. Throws `Property 'vfio-pci.vf-token' doesn't take value 'x'`.
 */
export const parseUuidProperty = (property: string, text: string): string => {
  if (text === 'auto') return text;
  if (UUID.test(text)) return text.toLowerCase();
  throw failure('VALUE_INVALID', `Property '${property}' doesn't take value '${text}'`);
};
