import type { AddressSpace } from '../backends/address-space.ts';
import { attachSteps } from '../backends/attach-steps.ts';
import { ramStep } from '../backends/ram.ts';
import type { Problem } from '../errors/problem.ts';
import type { HostModel } from '../host/model.ts';
import type { LaunchRequest } from '../request/request.ts';
import { checkDevice } from './device-checks.ts';
import { layOutRam } from './guest-ram.ts';
import { indexHost, type HostIndex } from './host-index.ts';
import { checkDoubleMap, checkDuplicates, checkGroupSplit, checkReservedRanges } from './machine-checks.ts';
import { checkMemlock, planMemlock } from './memlock.ts';
import { hasErrors, type Plan, type PlannedFd, type PlannedObject } from './plan.ts';
import { planDevice, type DeviceEntry } from './plan-device.ts';
import { AUTO_IOMMUFD, planObjects, type PlannedObjects } from './plan-objects.ts';
import type { PlannedDevice } from './planned-device.ts';
import { predictTimeline } from './timeline.ts';
import type { BackendSettings } from './select-backend.ts';

/** One container for all type1 devices; one IOAS for each iommufd object. */
const spaceId = ({ backend, object }: PlannedDevice): string =>
  backend === 'type1' ? 'container0' : `${backend === 'iommufd' ? 'ioas' : 'compat'}(${object?.id ?? ''})`;

const planSpaces = (devices: readonly PlannedDevice[], request: LaunchRequest): AddressSpace[] => {
  const sections = layOutRam(request.machine.ram);
  const bySpace = new Map<string, PlannedDevice[]>();
  for (const device of devices) {
    const id = spaceId(device);
    const members = bySpace.get(id) ?? [];
    members.push(device);
    bySpace.set(id, members);
  }
  return [...bySpace].flatMap(([id, [first, ...rest]]): AddressSpace[] =>
    first === undefined ? [] : [{ id, backend: first.backend, object: first.object, devices: [first, ...rest], sections }],
  );
};

const planDevices = (
  request: LaunchRequest,
  host: HostIndex,
  settings: BackendSettings,
  { iommufds }: PlannedObjects,
  problems: Problem[],
): DeviceEntry[] =>
  request.devices.map((linked) => {
    const object = linked.object === undefined ? undefined : iommufds.get(`/objects/${linked.object.id}`);
    return planDevice({ linked, object, autoObject: AUTO_IOMMUFD, host, settings }, problems);
  });

const autoObjects = (entries: readonly DeviceEntry[]): PlannedObject[] =>
  entries.some(({ object }) => object === AUTO_IOMMUFD)
    ? [{ path: AUTO_IOMMUFD.path, id: AUTO_IOMMUFD.id, type: 'iommufd', auto: true, iommufd: AUTO_IOMMUFD }]
    : [];

const passedFds = (devices: readonly PlannedDevice[]): PlannedFd[] =>
  devices.flatMap(({ fd, path }) => (fd === undefined ? [] : [{ number: fd, kind: 'vfio-cdev' as const, owner: path }]));

/**
 * What a launch will do on a host and what stands against it: objects, devices with their backends, address spaces, steps.
 * Pure: the same request and host give the same plan, and nothing is opened.
 */
export const createPlan = (request: LaunchRequest, model: HostModel, settings: BackendSettings): Plan => {
  const host = indexHost(model);
  const problems: Problem[] = [];
  const planned = planObjects(request.objects, model, problems);
  const entries = planDevices(request, host, settings, planned, problems);
  const devices = entries.flatMap(({ device }) => (device === undefined ? [] : [device]));
  const spaces = planSpaces(devices, request);
  const memlock = planMemlock(spaces, model.process);
  problems.push(
    ...checkDuplicates(devices),
    ...checkGroupSplit(devices, spaceId),
    ...devices.flatMap((device) => checkDevice(device, host)),
    ...checkReservedRanges(spaces, devices, host),
    ...checkMemlock(memlock, spaces),
    ...checkDoubleMap(spaces, request.machine.ram.size),
  );
  const steps = hasErrors({ problems }) ? [] : [ramStep(request.machine.ram), ...spaces.flatMap(attachSteps)];
  return {
    request,
    ram: request.machine.ram,
    objects: [...planned.objects, ...autoObjects(entries)],
    entries,
    devices,
    spaces,
    fds: [...planned.fds, ...passedFds(devices)],
    memlock,
    steps,
    timeline: predictTimeline(steps, devices),
    problems,
  };
};
