import { failure, type VmattachError } from '../errors/problem.ts';
import { addPropertyRemedy } from './property-remedy.ts';
import type { Property, PropertyKindName } from './property.ts';
import type { PropertyOwner } from './read-property.ts';

/** The part of a validator's error that decides the message. */
export interface SchemaError {
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export interface SchemaValidator {
  (data: unknown): boolean;
  errors?: readonly SchemaError[] | null;
}

const propertyFixes = (properties: readonly Property[], owner: PropertyOwner): string[] => [
  `see -${owner.kind} ${owner.typeName},help for the ${properties.length} properties it has`,
];

/** What a number out of range should have been. */
const INTEGER_TYPES: Partial<Readonly<Record<PropertyKindName, string>>> = {
  size: 'uint64',
  uint8: 'uint8_t',
  uint32: 'uint32_t',
  int32: 'int32_t',
};

/** QEMU names a wrong JSON type by what its visitor expects (qapi/qobject-input-visitor.c). */
const wrongType = (property: Property): string => {
  const { name, type } = property;
  switch (type.kind) {
    case 'boolean':
      return `Invalid parameter type for '${name}', expected: boolean`;
    case 'size':
    case 'uint8':
    case 'uint32':
      return `Parameter '${name}' expects uint64`;
    case 'int32':
      return `Invalid parameter type for '${name}', expected: integer`;
    case 'uint16-list':
      return `Invalid parameter type for '${name}', expected: array`;
    case 'pci-slot':
      return `Invalid parameter type for '${name}', expected int or str`;
    default:
      return `Invalid parameter type for '${name}', expected: string`;
  }
};

const unknownProperty = (name: string, owner: PropertyOwner): string =>
  owner.kind === 'device' ? unknownDeviceProperty(name, owner.typeName) : `Parameter '${name}' is unexpected`;

/** The elements of a list have no name; QEMU prints that as it is. */
export const listElementError = (property: string): VmattachError =>
  failure('VALUE_INVALID', "Parameter 'null' expects uint16_t", {
    cause: `an element of ${property}= is a number from 0 to 65535`,
    fixes: [`${property}=0`],
  });

const valueError = (error: SchemaError, property: Property, value: unknown): VmattachError => {
  if (error.keyword === 'enum' && property.type.kind === 'enum') {
    return failure('VALUE_INVALID', `Parameter '${property.name}' does not accept value '${String(value)}'`);
  }
  if (error.keyword === 'minimum' || error.keyword === 'maximum') {
    if (property.type.kind === 'uint16-list') {
      return listElementError(property.name);
    }
    return failure('VALUE_INVALID', `Parameter '${property.name}' expects ${INTEGER_TYPES[property.type.kind] ?? 'integer'}`);
  }
  if (property.type.kind === 'pci-slot' && typeof value === 'number') {
    return failure('VALUE_INVALID', `Invalid parameter type for '${property.name}', expected: integer`);
  }
  return failure('VALUE_INVALID', wrongType(property));
};

const missingProperty = (name: string, properties: readonly Property[]): VmattachError => {
  const error = failure('PROPERTY_MISSING', `Parameter '${name}' is missing`);
  const property = properties.find((candidate) => candidate.name === name);
  return property === undefined ? error : addPropertyRemedy(property, error);
};

/** Properties that every device of QEMU has and nobody can set (hw/core/qdev.c); it offers none of them. */
const READ_ONLY = new Set(['type', 'hotpluggable', 'hotplugged', 'parent_bus', 'legacy-addr', 'legacy-host']);

/** @param typeName the device's type */
export const unknownDeviceProperty = (name: string, typeName: string): string =>
  `Property '${typeName}.${name}' ${READ_ONLY.has(name) ? 'is not writable' : 'not found'}`;

/** Says in QEMU's words what a validator found. @param data what was validated */
export const explainSchemaError = (
  error: SchemaError,
  data: Readonly<Record<string, unknown>>,
  properties: readonly Property[],
  owner: PropertyOwner,
): VmattachError => {
  if (error.keyword === 'required') {
    return missingProperty(String(error.params['missingProperty']), properties);
  }
  if (error.keyword === 'additionalProperties') {
    const name = String(error.params['additionalProperty']);
    return failure('PROPERTY_UNKNOWN', unknownProperty(name, owner), { fixes: propertyFixes(properties, owner) });
  }
  const [name = '', element] = error.instancePath.slice(1).split('/');
  const property = properties.find((candidate) => candidate.name === name);
  if (property === undefined) {
    return failure('VALUE_INVALID', `Parameter '${name}' is invalid`);
  }
  const problem =
    element !== undefined && error.keyword === 'type'
      ? failure('VALUE_INVALID', `Parameter '${name}[${element}]' expects uint64`)
      : valueError(error, property, data[name]);
  return addPropertyRemedy(property, problem);
};
