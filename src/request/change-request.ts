import type { DeviceSpec } from '../devices/device-spec.ts';
import { failure, withLocation } from '../errors/problem.ts';
import type { ObjectSpec } from '../objects/object-spec.ts';
import type { PropertyValues } from '../objects/property.ts';
import { isMemoryBackend } from '../objects/object-types.ts';
import { checkFdReference } from '../objects/read-property.ts';
import { linkDevice } from './link-device.ts';
import { placeDevices } from './placement.ts';
import { ramOfObject } from './read-machine.ts';
import type { LaunchRequest } from './request.ts';

const objectsByPath = ({ objects }: LaunchRequest): ReadonlyMap<string, ObjectSpec> =>
  new Map(objects.map((object) => [`/objects/${object.id}`, object]));

/** The request with one more object. The composition tree is the machine's and changes. @throws ID_DUPLICATE, VALUE_INVALID */
export const withObject = (request: LaunchRequest, spec: ObjectSpec): LaunchRequest => {
  const fd = spec.values.get('fd');
  if (typeof fd === 'string') {
    checkFdReference(fd);
  }
  if (isMemoryBackend(spec.type.name)) {
    ramOfObject(spec);
  }
  request.tree.addObject(spec.id, spec.type.name);
  return { ...request, objects: [...request.objects, spec] };
};

/** The request with other values for an object that nobody uses. @throws CONFLICT while devices use it, LINK_NOT_FOUND, VALUE_INVALID */
export const withObjectValues = (request: LaunchRequest, id: string, values: PropertyValues): LaunchRequest => {
  const changed = request.objects.find((object) => object.id === id);
  const users = request.tree.get(`/objects/${id}`)?.users ?? 0;
  if (changed === undefined) {
    throw failure('LINK_NOT_FOUND', `object '${id}' not found`);
  }
  if (users > 0) {
    throw failure('CONFLICT', `object '${id}' is in use, can not be changed`, { fixes: ['unplug the devices that use it first'] });
  }
  const object = { ...changed, values };
  return {
    ...request,
    objects: request.objects.map((other) => (other === changed ? object : other)),
    devices: request.devices.map((device) => (device.object === changed ? { ...device, object } : device)),
  };
};

/** The request without an object. @throws CONFLICT while devices or the machine use it, LINK_NOT_FOUND */
export const withoutObject = (request: LaunchRequest, id: string): LaunchRequest => {
  if (id === request.machine.ram.id) {
    throw failure('CONFLICT', `object '${id}' is in use, can not be deleted`, { cause: 'it is the RAM of the machine' });
  }
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

/** The request without any device: they are attached later. */
export const withoutDevices = (request: LaunchRequest): LaunchRequest =>
  request.devices.reduceRight((changed, { path }) => withoutDevice(changed, path), request);
