import { INT64_MAX } from '../options/integer.ts';
import type { JsonObject, JsonValue } from '../options/json-value.ts';
import { refused } from './command-error.ts';
import type { QmpList, QmpMember, QmpObject, QmpType } from './qmp-type.ts';

/** A checked value: objects are plain ones with a member for every one of the type, left out or not. */
type Checked = JsonValue | readonly Checked[] | { readonly [name: string]: Checked | undefined };

/** Where a value stands: its own name, which an item of a list has not, and the path to it. */
interface Place {
  readonly name: string;
  readonly path: string;
}

const wrongType = ({ path }: Place, expected: string) => refused(`Invalid parameter type for '${path}', expected: ${expected}`);

const readInteger = (value: JsonValue, place: Place): bigint => {
  if (typeof value !== 'bigint' || value > INT64_MAX) throw wrongType(place, 'integer');
  return value;
};

const readNumber = (value: JsonValue, place: Place): number => {
  if (typeof value !== 'bigint' && typeof value !== 'number') throw wrongType(place, 'number');
  return Number(value);
};

const readString = (value: JsonValue, place: Place): string => {
  if (typeof value !== 'string') throw wrongType(place, 'string');
  return value;
};

const readWord = (value: JsonValue, values: readonly string[], place: Place): string => {
  const word = readString(value, place);
  if (!values.includes(word)) throw refused(`Parameter '${place.name}' does not accept value '${word}'`);
  return word;
};

/** The items of a list have no name, for which QEMU writes `null`. */
const readList = (value: JsonValue, { list }: QmpList, place: Place): readonly Checked[] => {
  if (!Array.isArray(value)) throw wrongType(place, 'array');
  const items: readonly JsonValue[] = value;
  return items.map((item, index) => readValue(item, list, { name: 'null', path: `${place.path}[${index}]` }));
};

const readObject = (value: JsonValue, { members }: QmpObject, place: Place): Checked => {
  if (!(value instanceof Map)) throw wrongType(place, 'object');
  return readMembers(value, members, `${place.path}.`);
};

const readValue = (value: JsonValue, type: QmpType, place: Place): Checked => {
  switch (type) {
    case 'any':
      return value;
    case 'str':
      return readString(value, place);
    case 'int':
      return readInteger(value, place);
    case 'number':
      return readNumber(value, place);
    case 'bool':
      if (typeof value !== 'boolean') throw wrongType(place, 'boolean');
      return value;
    default:
      if ('list' in type) return readList(value, type, place);
      return 'values' in type ? readWord(value, type.values, place) : readObject(value, type, place);
  }
};

const readMembers = (
  given: JsonObject,
  members: readonly QmpMember[],
  prefix: string,
  allowOthers = false,
): Record<string, Checked | undefined> => {
  const checked: Record<string, Checked | undefined> = {};
  for (const { name, type, optional = false } of members) {
    const value = given.get(name);
    if (value === undefined && !optional) throw refused(`Parameter '${prefix}${name}' is missing`);
    checked[name] = value === undefined ? undefined : readValue(value, type, { name, path: prefix + name });
  }
  const unexpected = allowOthers ? undefined : [...given.keys()].find((name) => !Object.hasOwn(checked, name));
  if (unexpected !== undefined) throw refused(`Parameter '${prefix}${unexpected}' is unexpected`);
  return checked;
};

/**
 * Checks arguments against a command's table in QEMU's order: each member in turn, then what is left over.
 * @param allowOthers whether members that the table does not name are allowed
 * @throws CommandError in the words of qapi/qobject-input-visitor.c
 */
export const readArguments = (
  given: JsonObject,
  members: readonly QmpMember[],
  allowOthers: boolean,
): Readonly<Record<string, Checked | undefined>> => readMembers(given, members, '', allowOthers);
