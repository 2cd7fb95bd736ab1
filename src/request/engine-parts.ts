import type { DeviceSpec } from '../devices/device-spec.ts';
import type { EngineDevice } from '../devices/parse-device.ts';
import { failure } from '../errors/problem.ts';
import type { ObjectSpec } from '../objects/object-spec.ts';
import type { EngineObject } from '../objects/parse-object.ts';

export const isOwnObject = (object: ObjectSpec | EngineObject): object is ObjectSpec => 'type' in object;
export const isOwnDevice = (device: DeviceSpec | EngineDevice): device is DeviceSpec => 'type' in device;

const engineOnly = (what: string, location: string) =>
  failure('TYPE_UNKNOWN', `${what} is not supported by -machine bare`, {
    location,
    cause: 'bare holds passed-through devices and guest RAM; everything else needs a VMM engine',
    fixes: ['use a machine type of QEMU, e.g. -machine q35'],
  });

/** An object that the built-in machine has. @throws TYPE_UNKNOWN */
export const ownObject = (object: ObjectSpec | EngineObject): ObjectSpec => {
  if (!isOwnObject(object)) {
    throw engineOnly(`object type '${object.engineType}'`, object.location);
  }
  return object;
};

/** The built-in machine has none of an engine's objects and devices. @throws TYPE_UNKNOWN */
export const refuseEngineParts = (
  objects: readonly (ObjectSpec | EngineObject)[],
  devices: readonly (DeviceSpec | EngineDevice)[],
): void => {
  objects.forEach(ownObject);
  for (const device of devices) {
    if (!isOwnDevice(device)) {
      throw engineOnly(`device '${device.driver}'`, device.location);
    }
  }
};
