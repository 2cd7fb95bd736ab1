import type { JsonObject, JsonValue } from './json-value.ts';

/** Printable ASCII without a backslash, and white space: nothing to decode, and a quote only where a string begins or ends. */
const PLAIN = /^[\t\n\r -[\]-~]*$/;
/** A number with a fraction or an exponent, perhaps within a string. JSON.parse makes the same of 1 and 1.0, QEMU does not. */
const FLOAT = /(?:"[\t\n\r ]*:|[[,])[\t\n\r ]*-?\d+[.eE]/;
const COLON = /"[\t\n\r ]*:/g;
/** Nobody nests commands so deep, and the recursion is bounded. */
const DEEPEST = 32;

class NotPlain extends Error {}

const isIndex = (name: string): boolean => name.charCodeAt(0) >= 0x30 && name.charCodeAt(0) <= 0x39;

/** What JSON.parse made, with maps and bigints. */
class Conversion {
  members = 0;

  value(parsed: unknown, depth: number): JsonValue {
    if (typeof parsed === 'string' || typeof parsed === 'boolean' || parsed === null) return parsed;
    if (depth > DEEPEST) throw new NotPlain();
    if (typeof parsed === 'number') {
      if (!Number.isSafeInteger(parsed)) throw new NotPlain();
      return BigInt(parsed);
    }
    return Array.isArray(parsed) ? parsed.map((item) => this.value(item, depth + 1)) : this.object(parsed as object, depth);
  }

  object(parsed: object, depth: number): JsonObject {
    const object = new Map<string, JsonValue>();
    for (const [name, value] of Object.entries(parsed)) {
      // An object has those in another order than the text.
      if (isIndex(name)) throw new NotPlain();
      object.set(name, this.value(value, depth + 1));
      this.members += 1;
    }
    return object;
  }
}

/**
 * An object as most clients write it, by way of JSON.parse, which is many times as fast as our own parser.
 * @returns undefined for whatever the two could see differently: floats and large numbers, escapes, a name that comes twice (the
 * object has fewer members than the text has colons), and all that is wrong
 */
export const parsePlainObject = (text: string): JsonObject | undefined => {
  if (!PLAIN.test(text) || FLOAT.test(text)) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
    const conversion = new Conversion();
    const object = conversion.object(parsed, 0);
    return conversion.members === (text.match(COLON)?.length ?? 0) ? object : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof NotPlain) return undefined;
    throw error;
  }
};
