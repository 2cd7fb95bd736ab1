import { failure, VmattachError, withLocation } from '../errors/problem.ts';
import { readTextProperty } from '../objects/read-property.ts';
import type { PropertyValue } from '../objects/property.ts';
import type { GlobalProperty } from '../options/global-property.ts';
import type { DeviceSpec } from './device-spec.ts';
import { isOfType } from './type-hierarchy.ts';

const readValue = ({ type }: DeviceSpec, { property: name, value }: GlobalProperty): PropertyValue => {
  const property = type.properties.find((candidate) => candidate.name === name);
  if (property === undefined) {
    throw failure('PROPERTY_UNKNOWN', `Property '${type.name}.${name}' not found`, {
      fixes: [`vmattach -device ${type.name},help lists the properties`],
    });
  }
  return readTextProperty(property, [value], { typeName: type.name, kind: 'device' });
};

const apply = (spec: DeviceSpec, global: GlobalProperty): PropertyValue => {
  try {
    return readValue(spec, global);
  } catch (error) {
    if (!(error instanceof VmattachError)) throw error;
    const { driver, property, value } = global;
    const message = `can't apply global ${driver}.${property}=${value}: ${error.problem.message}`;
    throw new VmattachError({ ...error.problem, message }, { cause: error });
  }
};

/**
 * A device with the defaults that `-global` gives its class and those it descends from; what the device says itself goes first, and of
 * several defaults the last. All are read, those without effect too, as in QEMU (hw/core/qdev-properties.c).
 * @throws PROPERTY_UNKNOWN, VALUE_INVALID at the device
 */
export const withGlobals = (spec: DeviceSpec, globals: readonly GlobalProperty[]): DeviceSpec => {
  const meant = globals.filter(({ driver }) => isOfType(spec.type.name, driver));
  if (meant.length === 0) return spec;
  return withLocation(spec.location, () => {
    const defaults = meant.map((global) => [global.property, apply(spec, global)] as const);
    return { ...spec, values: new Map([...defaults, ...spec.values]) };
  });
};
