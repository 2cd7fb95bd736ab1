import { failure } from '../errors/problem.ts';
import { parseBoolean } from '../options/boolean.ts';
import { parseFdNumber } from '../options/fd-number.ts';
import { parseIntegerRange } from '../options/integer-range.ts';
import { parseSigned, parseUnsigned } from '../options/integer.ts';
import type { JsonValue } from '../options/json-value.ts';
import { canonicalHostAddress, parseDevfn } from '../options/pci-address.ts';
import { parseSize } from '../options/size.ts';
import { parseUuidProperty } from '../options/uuid.ts';
import type { Property, PropertyValue } from './property.ts';
import { listElementError } from './schema-error.ts';

/** Whose property it is: the type's name for messages, and which of QEMU's readers meets the text. */
export interface PropertyOwner {
  readonly typeName: string;
  readonly kind: 'object' | 'device';
}

const MOST_LIST_ELEMENTS = 65_536;

const readNodeList = (name: string, texts: readonly string[]): bigint[] => {
  const numbers = texts.flatMap((text) => {
    const { first, last } = parseIntegerRange(name, text, 'uint64', true);
    return Array.from({ length: Number(last - first) + 1 }, (_, index) => first + BigInt(index));
  });
  if (numbers.length > MOST_LIST_ELEMENTS || numbers.some((number) => number > 0xffffn)) {
    throw listElementError(name);
  }
  return numbers;
};

/**
 * Checks the form of an fd reference. A name is looked up later and only where names can exist (a monitor); on the command
 * line only numbers and the two kinds of named sources do.
 */
export const checkFdReference = (text: string): string => {
  if (!text.startsWith('@') && !text.startsWith('unix:') && !text.startsWith('/dev/fdset/')) {
    try {
      parseFdNumber(text);
    } catch (error) {
      const detail = error instanceof Error ? error.message : '';
      throw failure('VALUE_INVALID', `Could not parse remote object fd ${text}:${detail}`, {
        cause: 'fd= takes the number of an open file descriptor that this process inherits',
        fixes: ['open it in the parent and give its number, e.g. fd=9 with 9<>/dev/iommu in a shell'],
      });
    }
  }
  return text;
};

/** @throws VALUE_INVALID in QEMU's words for a number that its type has room for and the property has not */
const limited = ({ name, type }: Property, value: bigint): bigint => {
  if (type.kind === 'uint8' && value > BigInt(type.largest)) {
    throw failure('VALUE_INVALID', `Property ${name}: valid range 0-${type.largest}`);
  }
  return value;
};

/** Values that are text in both forms. */
const readString = ({ name, type }: Property, text: string, owner: PropertyOwner): PropertyValue => {
  switch (type.kind) {
    case 'pci-host-address':
      return canonicalHostAddress(`${owner.typeName}.${name}`, text);
    case 'uuid-or-auto':
      return parseUuidProperty(`${owner.typeName}.${name}`, text);
    case 'fd':
      // QEMU looks at an object's fd when it creates the object, after all options have been read.
      return owner.kind === 'object' ? text : checkFdReference(text);
    default:
      return text;
  }
};

/** A value that was given as text; a list takes all texts, everything else the last one. @throws VALUE_INVALID in QEMU's words */
export const readTextProperty = (property: Property, texts: readonly string[], owner: PropertyOwner): PropertyValue => {
  const { name, type } = property;
  const text = texts.at(-1) ?? '';
  switch (type.kind) {
    case 'boolean':
      return parseBoolean(name, text);
    case 'size':
      return parseSize(name, text, owner.kind === 'object' ? 'object' : 'keyval');
    case 'uint8':
      return limited(property, parseUnsigned(name, text, 8));
    case 'uint32':
      return owner.kind === 'object' ? parseIntegerRange(name, text, 'uint64', false).first : parseUnsigned(name, text, 32);
    case 'int32':
      return parseSigned(name, text, 32);
    case 'uint16-list':
      return readNodeList(name, texts);
    case 'pci-slot':
      return { devfn: parseDevfn(`${owner.typeName}.${name}`, text) };
    default:
      return readString(property, text, owner);
  }
};

/** A JSON value whose type the schema has accepted already. @throws VALUE_INVALID in QEMU's words */
export const readJsonProperty = (property: Property, value: JsonValue, owner: PropertyOwner): PropertyValue => {
  if (property.type.kind === 'pci-slot') {
    return { devfn: parseDevfn(`${owner.typeName}.${property.name}`, value) };
  }
  if (typeof value === 'string') {
    return readString(property, value, owner);
  }
  if (typeof value === 'bigint') {
    return limited(property, value);
  }
  if (typeof value === 'boolean') {
    return value;
  }
  if (Array.isArray(value)) {
    return value.filter((element): element is bigint => typeof element === 'bigint');
  }
  throw failure('INTERNAL', `property '${property.name}' has a value that its schema should have refused`);
};
