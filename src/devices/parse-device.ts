import { failure, type Location, withLocation } from '../errors/problem.ts';
import { createPropertyTable, readJsonProperties, readTextProperties, type PropertyTable } from '../objects/read-properties.ts';
import { findValidator } from '../objects/validator-name.ts';
import { parseIdentifier } from '../options/identifier.ts';
import type { JsonObject } from '../options/json-value.ts';
import { isJson, parseJson } from '../options/json.ts';
import { getOption } from '../options/qemu-opts-values.ts';
import { parseQemuOpts, type OptsWarning } from '../options/qemu-opts.ts';
import type { DeviceSpec } from './device-spec.ts';
import { findDeviceType, type DeviceType } from './device-types.ts';
import * as validators from './generated/device-validators.js';

/** A `-device` that only a VMM engine can create; it is handed over untouched. */
export interface EngineDevice {
  readonly driver: string;
  readonly id: string | undefined;
  readonly location: Location;
}

export interface DeviceContext {
  readonly location: Location;
  /** Ids of earlier devices in key=value form; QEMU keeps those of JSON devices apart. */
  readonly existingIds: ReadonlySet<string>;
  readonly onWarning: (warning: OptsWarning) => void;
}

const tables = new Map<DeviceType, PropertyTable>();

const createTable = ({ name, properties }: DeviceType): PropertyTable =>
  createPropertyTable({ typeName: name, kind: 'device' }, properties, findValidator(validators, name));

const tableOf = (type: DeviceType): PropertyTable => {
  const table = tables.get(type) ?? createTable(type);
  tables.set(type, table);
  return table;
};

const driverMissing = () =>
  failure('PROPERTY_MISSING', "Parameter 'driver' is missing", { fixes: ['-device vfio-pci,host=0000:01:00.0'] });

/** `iommufd` is an object and no device; the typing error is common enough to answer with the right line. */
const refuseObjectAsDevice = (driver: string, id: string | undefined): void => {
  if (driver === 'iommufd' || driver === 'iommu') {
    throw failure('TYPE_UNKNOWN', `'${driver}' is not a valid device model name`, {
      cause: `${driver} is an object that devices link to, not a device`,
      fixes: [`-object ${driver},id=${id ?? 'iommufd0'} -device vfio-pci,host=0000:01:00.0,iommufd=${id ?? 'iommufd0'}`],
    });
  }
};

const parseText = (text: string, context: DeviceContext): DeviceSpec | EngineDevice => {
  const opts = parseQemuOpts(text, {
    group: 'device',
    impliedKey: 'driver',
    existingIds: context.existingIds,
    onWarning: context.onWarning,
  });
  const driver = getOption(opts, 'driver');
  if (driver === undefined) {
    throw driverMissing();
  }
  refuseObjectAsDevice(driver, opts.id);
  const type = findDeviceType(driver);
  if (type === undefined) {
    return { driver, id: opts.id, location: context.location };
  }
  const properties = opts.options.filter(([key]) => key !== 'driver');
  return { type, id: opts.id, values: readTextProperties(properties, tableOf(type)), location: context.location };
};

/** QEMU ignores an id that is no string and takes any text for one, up to an abort; here it must be an identifier. */
const jsonId = (members: JsonObject): string | undefined => {
  const id = members.get('id');
  if (id === undefined) {
    return undefined;
  }
  if (typeof id !== 'string') {
    throw failure('VALUE_INVALID', "Invalid parameter type for 'id', expected: string");
  }
  return parseIdentifier(id);
};

/**
 * A device as members of JSON: what `-device {…}` and the monitor's `device_add` take.
 * @throws VmattachError in QEMU's words
 */
export const parseDeviceMembers = (members: JsonObject, location: Location): DeviceSpec | EngineDevice => {
  const driver = members.get('driver');
  if (typeof driver !== 'string') {
    throw driverMissing();
  }
  const id = jsonId(members);
  refuseObjectAsDevice(driver, id);
  const type = findDeviceType(driver);
  if (type === undefined) {
    return { driver, id, location };
  }
  const properties = new Map([...members].filter(([key]) => key !== 'driver' && key !== 'id'));
  return { type, id, values: readJsonProperties(properties, tableOf(type)), location };
};

const parseJsonDevice = (text: string, location: Location): DeviceSpec | EngineDevice => {
  const value = parseJson(text);
  if (!(value instanceof Map)) {
    throw failure('SYNTAX', 'JSON parse error, expecting value');
  }
  return parseDeviceMembers(value, location);
};

/**
 * The argument of one `-device`, in either form.
 * @throws VmattachError in QEMU's words, located at the option
 */
export const parseDevice = (text: string, context: DeviceContext): DeviceSpec | EngineDevice =>
  withLocation(context.location, () => (isJson(text) ? parseJsonDevice(text, context.location) : parseText(text, context)));
