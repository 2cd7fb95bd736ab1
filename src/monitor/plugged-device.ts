import type { DeviceSpec } from '../devices/device-spec.ts';
import { findDeviceType } from '../devices/device-types.ts';
import { parseDeviceMembers } from '../devices/parse-device.ts';
import { isAbstractType } from '../devices/type-hierarchy.ts';
import type { JsonObject, JsonValue } from '../options/json-value.ts';
import { isOwnDevice } from '../request/engine-parts.ts';
import { refused } from './command-error.ts';

/** In the order of system/qdev-monitor.c, qdev_get_device_class and qdev_device_add_from_qdict. */
export const checkDriver = (driver: JsonValue | undefined): void => {
  if (typeof driver !== 'string') {
    throw refused("Parameter 'driver' is missing");
  }
  if (isAbstractType(driver)) {
    throw refused("Parameter 'driver' expects a non-abstract device type");
  }
  const type = findDeviceType(driver);
  if (type === undefined) {
    throw refused(`'${driver}' is not a valid device model name`);
  }
  if (!type.hotpluggable) {
    throw refused(`Device '${driver}' does not support hotplugging`);
  }
};

/** A device as `device_add` is given it. @throws CommandError, VmattachError in QEMU's words */
export const readPluggedDevice = (members: JsonObject): DeviceSpec => {
  const spec = parseDeviceMembers(members, '');
  if (!isOwnDevice(spec)) {
    throw refused(`'${spec.driver}' is not a valid device model name`);
  }
  return spec;
};
