import { failure, type Location, withLocation } from '../errors/problem.ts';
import { parseIdentifier } from '../options/identifier.ts';
import type { JsonObject } from '../options/json-value.ts';
import { isJson, parseJson } from '../options/json.ts';
import { getOption } from '../options/qemu-opts-values.ts';
import { parseQemuOpts, type OptsWarning } from '../options/qemu-opts.ts';
import { suggest } from '../options/suggest.ts';
import { ENGINE_OBJECT_TYPES } from './engine-object-types.ts';
import * as validators from './generated/object-validators.js';
import type { ObjectSpec } from './object-spec.ts';
import { findObjectType, OBJECT_TYPES, type ObjectType } from './object-types.ts';
import type { PropertyValues } from './property.ts';
import { createPropertyTable, readJsonProperties, readTextProperties, type PropertyTable } from './read-properties.ts';
import { findValidator } from './validator-name.ts';

/** An `-object` that only a VMM engine can create; it is handed over untouched. */
export interface EngineObject {
  readonly engineType: string;
  readonly id: string | undefined;
  readonly location: Location;
}

export interface ObjectContext {
  readonly location: Location;
  /** Ids of earlier objects in key=value form; QEMU keeps those of JSON objects apart. */
  readonly existingIds: ReadonlySet<string>;
  readonly onWarning: (warning: OptsWarning) => void;
}

const tableOf = ({ name, properties }: ObjectType): PropertyTable =>
  createPropertyTable({ typeName: name, kind: 'object' }, properties, findValidator(validators, name));

const unknownType = (name: string) => {
  const meant = suggest(name, [...OBJECT_TYPES.map((type) => type.name), ...ENGINE_OBJECT_TYPES]);
  return failure('TYPE_UNKNOWN', `Parameter 'qom-type' does not accept value '${name}'`, {
    fixes: [...(meant === undefined ? [] : [`did you mean ${meant}`]), 'vmattach -object help lists the types'],
  });
};

const missing = (name: string) => failure('PROPERTY_MISSING', `Parameter '${name}' is missing`);

/** QEMU says no location here: the id of a JSON object is looked at after the option has been read (qom/object_interfaces.c). */
const checkJsonId = (id: string): void => {
  parseIdentifier(id);
};

const finish = (type: ObjectType, id: string, values: PropertyValues, location: Location): ObjectSpec => ({
  type,
  id,
  values,
  location,
});

const parseText = (text: string, context: ObjectContext): ObjectSpec | EngineObject => {
  const opts = parseQemuOpts(text, {
    group: 'object',
    impliedKey: 'qom-type',
    existingIds: context.existingIds,
    onWarning: context.onWarning,
  });
  const typeName = getOption(opts, 'qom-type');
  if (typeName === undefined) {
    throw missing('qom-type');
  }
  const type = findObjectType(typeName);
  if (type === undefined) {
    if (ENGINE_OBJECT_TYPES.has(typeName)) {
      return { engineType: typeName, id: opts.id, location: context.location };
    }
    throw unknownType(typeName);
  }
  if (opts.id === undefined) {
    throw missing('id');
  }
  const properties = opts.options.filter(([key]) => key !== 'qom-type');
  return finish(type, opts.id, readTextProperties(properties, tableOf(type)), context.location);
};

const stringMember = (members: JsonObject, name: string): string => {
  const value = members.get(name);
  if (value === undefined) {
    throw missing(name);
  }
  if (typeof value !== 'string') {
    throw failure('VALUE_INVALID', `Invalid parameter type for '${name}', expected: string`);
  }
  return value;
};

const readMembers = (members: JsonObject, location: Location): ObjectSpec | EngineObject => {
  const typeName = stringMember(members, 'qom-type');
  const type = findObjectType(typeName);
  if (type === undefined && !ENGINE_OBJECT_TYPES.has(typeName)) {
    throw unknownType(typeName);
  }
  const id = stringMember(members, 'id');
  if (type === undefined) {
    return { engineType: typeName, id, location };
  }
  const properties = new Map([...members].filter(([key]) => key !== 'qom-type' && key !== 'id'));
  return finish(type, id, readJsonProperties(properties, tableOf(type)), location);
};

/**
 * An object as members of JSON: what `-object {…}` and the monitor's `object-add` take.
 * @throws VmattachError in QEMU's words
 */
export const parseObjectMembers = (members: JsonObject, location: Location): ObjectSpec | EngineObject => {
  const spec = withLocation(location, () => readMembers(members, location));
  if (spec.id !== undefined) {
    checkJsonId(spec.id);
  }
  return spec;
};

const parseJsonObject = (text: string, { location }: ObjectContext): ObjectSpec | EngineObject => {
  const members = withLocation(location, () => {
    const value = parseJson(text);
    if (!(value instanceof Map)) {
      throw failure('SYNTAX', 'JSON parse error, expecting value');
    }
    return value;
  });
  return parseObjectMembers(members, location);
};

/**
 * The argument of one `-object`, in either form.
 * @throws VmattachError in QEMU's words, located at the option where QEMU does so
 */
export const parseObject = (text: string, context: ObjectContext): ObjectSpec | EngineObject =>
  isJson(text) ? parseJsonObject(text, context) : withLocation(context.location, () => parseText(text, context));
