import { failure, type VmattachError } from '../errors/problem.ts';
import type { JsonObject, JsonValue } from '../options/json-value.ts';
import { suggest } from '../options/suggest.ts';
import { withPropertyRemedy } from './property-remedy.ts';
import type { Property, PropertyValue, PropertyValues } from './property.ts';
import { readJsonProperty, readTextProperty, type PropertyOwner } from './read-property.ts';
import { explainSchemaError, unknownDeviceProperty, type SchemaValidator } from './schema-error.ts';

/** A type's properties, and the validator that was compiled from them. */
export interface PropertyTable {
  readonly owner: PropertyOwner;
  readonly properties: readonly Property[];
  /** Index in `properties` by name. */
  readonly positions: ReadonlyMap<string, number>;
  readonly validate: SchemaValidator;
}

export const createPropertyTable = (
  owner: PropertyOwner,
  properties: readonly Property[],
  validate: SchemaValidator,
): PropertyTable => ({ owner, properties, positions: new Map(properties.map(({ name }, index) => [name, index])), validate });

/** What a JSON Schema validator can look at: it knows no bigint. Exact 64-bit ranges are checked when the value is read. */
const plain = (value: JsonValue | PropertyValue): unknown => {
  if (typeof value === 'bigint') {
    return Number(value);
  }
  if (typeof value === 'number') {
    // What QEMU reads as a double is no integer to it, not even 1.0 or 1e6.
    return Number.NaN;
  }
  if (typeof value === 'object' && value !== null && 'devfn' in value) {
    return value.devfn;
  }
  return Array.isArray(value) ? value.map(plain) : value;
};

const plainObject = (values: ReadonlyMap<string, JsonValue | PropertyValue>): Record<string, unknown> =>
  Object.fromEntries([...values].map(([name, value]) => [name, plain(value)]));

const check = (values: ReadonlyMap<string, JsonValue | PropertyValue>, { owner, properties, validate }: PropertyTable): void => {
  const data = plainObject(values);
  const [error] = validate(data) ? [] : (validate.errors ?? []);
  if (error !== undefined) {
    throw explainSchemaError(error, data, properties, owner);
  }
};

const unknownProperty = (key: string, { owner, properties }: PropertyTable): VmattachError => {
  const meant = suggest(
    key,
    properties.map(({ name }) => name),
  );
  const message = owner.kind === 'device' ? unknownDeviceProperty(key, owner.typeName) : `Invalid parameter '${key}'`;
  return failure('PROPERTY_UNKNOWN', message, {
    fixes: [
      ...(meant === undefined ? [] : [`did you mean ${meant}=`]),
      `vmattach -${owner.kind} ${owner.typeName},help lists the properties`,
    ],
  });
};

/**
 * Properties given as key=value text, read in the order of the text. QEMU sets them in hash order and reports an arbitrary
 * one of several errors; here it is the first that was typed.
 * @throws PROPERTY_UNKNOWN, PROPERTY_MISSING, VALUE_INVALID in QEMU's words
 */
export const readTextProperties = (options: readonly (readonly [string, string])[], table: PropertyTable): PropertyValues => {
  const texts = new Map<string, string[]>();
  for (const [key, text] of options) {
    texts.set(key, [...(texts.get(key) ?? []), text]);
  }
  const values = new Map<string, PropertyValue>();
  for (const [key, given] of texts) {
    const property = table.properties[table.positions.get(key) ?? -1];
    if (property === undefined) {
      throw unknownProperty(key, table);
    }
    values.set(
      key,
      withPropertyRemedy(property, () => readTextProperty(property, given, table.owner)),
    );
  }
  check(values, table);
  return values;
};

/** The properties of these names; a few names are sooner found than a long table is walked. */
const inTableOrder = (names: Iterable<string>, { properties, positions }: PropertyTable): readonly Property[] =>
  Array.from(names, (name) => positions.get(name) ?? -1)
    .toSorted((one, other) => one - other)
    .flatMap((position) => properties[position] ?? []);

/**
 * Properties given as JSON: the schema checks the types first, strictly as QEMU does (`"fd":22` is refused, it is a string).
 * @throws PROPERTY_UNKNOWN, PROPERTY_MISSING, VALUE_INVALID in QEMU's words
 */
export const readJsonProperties = (members: JsonObject, table: PropertyTable): PropertyValues => {
  check(members, table);
  return new Map(
    inTableOrder(members.keys(), table).map((property) => [
      property.name,
      withPropertyRemedy(property, () => readJsonProperty(property, members.get(property.name) ?? null, table.owner)),
    ]),
  );
};
