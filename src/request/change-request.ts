import type { DeviceSpec } from '../devices/device-spec.ts';
import { failure, withLocation } from '../errors/problem.ts';
import type { ObjectSpec } from '../objects/object-spec.ts';
import { checkFdReference } from '../objects/read-property.ts';
import { linkDevice } from './link-device.ts';
import { placeDevices } from './placement.ts';
import type { LaunchRequest } from './request.ts';

const objectsByPath = ({ objects }: LaunchRequest): ReadonlyMap<string, ObjectSpec> =>
  new Map(objects.map((object) => [`/objects/${object.id}`, object]));

/** The request with one more object. The composition tree is the machine's and changes. @throws ID_DUPLICATE, VALUE_INVALID */
export const withObject = (request: LaunchRequest, spec: ObjectSpec): LaunchRequest => {
  const fd = spec.values.get('fd');
  if (typeof fd === 'string') {
    checkFdReference(fd);
  }
  request.tree.addObject(spec.id, spec.type.name);
  return { ...request, objects: [...request.objects, spec] };
};

/** The request without an object. @throws CONFLICT while devices use it, LINK_NOT_FOUND */
export const withoutObject = (request: LaunchRequest, id: string): LaunchRequest => {
  request.tree.removeObject(id);
  return { ...request, objects: request.objects.filter((object) => object.id !== id) };
};

/** The request with one more device, in a place of the bus that is free. @throws VmattachError in QEMU's words */
export const withDevice = (request: LaunchRequest, spec: DeviceSpec): LaunchRequest => {
  const place = placeDevices(request.machine.type, request.devices);
  return withLocation(spec.location, () => ({
    ...request,
    devices: [...request.devices, linkDevice(spec, place(spec), request.tree, objectsByPath(request))],
  }));
};

/** The request without a device. @throws LINK_NOT_FOUND */
export const withoutDevice = (request: LaunchRequest, path: string): LaunchRequest => {
  if (!request.devices.some((device) => device.path === path)) {
    throw failure('LINK_NOT_FOUND', `Device '${path}' not found`);
  }
  request.tree.removeDevice(path);
  return { ...request, devices: request.devices.filter((device) => device.path !== path) };
};
