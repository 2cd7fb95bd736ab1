import { findDeviceType } from '../../devices/device-types.ts';
import { isAbstractType, isOfType, TYPES } from '../../devices/type-hierarchy.ts';
import { findObjectType } from '../../objects/object-types.ts';
import { kindLabel, type Property } from '../../objects/property.ts';
import { CommandError, refused } from '../command-error.ts';
import { defineCommand, type QmpCommand } from '../command-table.ts';
import type { JsonRecord } from '../json-text.ts';
import { listedProperties } from '../listed-properties.ts';
import { defaultOutput } from '../property-output.ts';

const PROPERTY_INFO = {
  members: [
    { name: 'name', type: 'str' },
    { name: 'type', type: 'str' },
    { name: 'description', type: 'str', optional: true },
    { name: 'default-value', type: 'any', optional: true },
  ],
} as const;

const TYPENAME = { name: 'typename', type: 'str' } as const;

const deviceProperty = (property: Property): JsonRecord => ({
  name: property.name,
  type: kindLabel(property.type),
  description: property.description,
  'default-value': defaultOutput(property),
});

/** Objects other than devices set their defaults themselves, so QEMU's list knows none. */
const objectProperty = (property: Property): JsonRecord => ({
  name: property.name,
  type: kindLabel(property.type),
  description: property.description,
});

const propertiesOfType = (typename: string): readonly JsonRecord[] => {
  const device = findDeviceType(typename);
  return device === undefined
    ? (findObjectType(typename)?.properties ?? []).map(objectProperty)
    : listedProperties(device).map(deviceProperty);
};

const qomListTypes = defineCommand({
  name: 'qom-list-types',
  allowPreconfig: true,
  arguments: [
    { name: 'implements', type: 'str', optional: true },
    { name: 'abstract', type: 'bool', optional: true },
  ],
  returns: {
    list: {
      members: [
        { name: 'name', type: 'str' },
        { name: 'abstract', type: 'bool', optional: true },
        { name: 'parent', type: 'str', optional: true },
      ],
    },
  },
  run: (_context, { implements: ancestor, abstract = false }) =>
    [...TYPES.values()]
      .filter((type) => (abstract || type.abstract !== true) && (ancestor === undefined || isOfType(type.name, ancestor)))
      .map((type) => ({ name: type.name, abstract: type.abstract, parent: type.parent })),
});

const OF_DEVICES: readonly JsonRecord[] = ['realized', 'hotpluggable', 'hotplugged'].map((name) => ({ name, type: 'bool' }));

const qomListProperties = defineCommand({
  name: 'qom-list-properties',
  allowPreconfig: true,
  arguments: [TYPENAME],
  returns: { list: PROPERTY_INFO },
  run: (_context, { typename }) => {
    if (!TYPES.has(typename)) {
      throw new CommandError('DeviceNotFound', `Class '${typename}' not found`);
    }
    return [{ name: 'type', type: 'string' }, ...(isOfType(typename, 'device') ? OF_DEVICES : []), ...propertiesOfType(typename)];
  },
});

const deviceListProperties = defineCommand({
  name: 'device-list-properties',
  arguments: [TYPENAME],
  returns: { list: PROPERTY_INFO },
  run: (_context, { typename }) => {
    if (!TYPES.has(typename)) {
      throw new CommandError('DeviceNotFound', `Device '${typename}' not found`);
    }
    const type = findDeviceType(typename);
    if (type === undefined || isAbstractType(typename)) {
      throw refused("Parameter 'typename' expects a non-abstract device type");
    }
    return listedProperties(type).map(deviceProperty);
  },
});

/** What types there are and which properties they take, from the same tables as the command line. */
export const QOM_TYPE_COMMANDS: readonly QmpCommand[] = [qomListTypes, qomListProperties, deviceListProperties];
