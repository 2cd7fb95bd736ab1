import type { AddressSpace } from '../backends/address-space.ts';
import { populateStepId } from '../backends/populate-ram.ts';
import type { Problem } from '../errors/problem.ts';
import type { HostModel } from '../host/model.ts';
import { BARE_MACHINE } from '../request/read-machine.ts';
import type { LaunchRequest, LinkedDevice } from '../request/request.ts';
import { checkDevice } from './device-checks.ts';
import { layOutRam } from './guest-ram.ts';
import { indexHost, type HostIndex } from './host-index.ts';
import { checkDoubleMap, checkDuplicates, checkGroupSplit, checkReservedRanges } from './machine-checks.ts';
import { launchDevices } from './launch-devices.ts';
import { isPinned, launchSteps } from './launch-steps.ts';
import { checkMemlock, locksMore, planMemlock } from './memlock.ts';
import { mergeProblems } from './merge-problems.ts';
import { hasErrors, type Plan, type PlannedFd, type PlannedObject } from './plan.ts';
import { attachedEntries } from './attached-entries.ts';
import { planDevice, type DeviceEntry } from './plan-device.ts';
import { planObjects, type PlannedObjects } from './plan-objects.ts';
import type { PlannedDevice } from './planned-device.ts';
import type { BackendSettings } from './select-backend.ts';

/** One container for all type1 devices; one IOAS for each iommufd object. */
const spaceId = ({ backend, object }: PlannedDevice): string =>
  backend === 'type1' ? 'container0' : `${backend === 'iommufd' ? 'ioas' : 'compat'}(${object?.id ?? ''})`;

const planSpaces = (
  devices: readonly PlannedDevice[],
  { machine: { type: machine, ram } }: LaunchRequest,
  model: HostModel,
): AddressSpace[] => {
  const isAmd = machine !== BARE_MACHINE && model.iommus.some(({ type }) => type === 'amd');
  const sections = layOutRam(ram, { machine, isAmd, readyAfter: isPinned(ram, devices) ? populateStepId(ram.id) : undefined });
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

/** Those that are attached stay as they were planned. */
const planDevices = (
  request: LaunchRequest,
  attached: ReadonlyMap<LinkedDevice, DeviceEntry>,
  host: HostIndex,
  settings: BackendSettings,
  { iommufds, automatic }: PlannedObjects,
  problems: Problem[],
): DeviceEntry[] =>
  request.devices.map((linked) => {
    const object = linked.object === undefined ? undefined : iommufds.get(`/objects/${linked.object.id}`);
    return attached.get(linked) ?? planDevice({ linked, object, autoObject: automatic, host, settings }, problems);
  });

const automaticObjects = (entries: readonly DeviceEntry[], { automatic: { path, id } }: PlannedObjects): PlannedObject[] => {
  const used = entries.find(({ object }) => object?.path === path)?.object;
  return used === undefined ? [] : [{ path, id, type: 'iommufd', auto: true, iommufd: used }];
};

const attachable = (entries: readonly DeviceEntry[]): PlannedDevice[] =>
  entries.flatMap(({ device }) => (device === undefined ? [] : [device]));

const passedFds = (devices: readonly PlannedDevice[]): PlannedFd[] =>
  devices.flatMap(({ fd, path }) => (fd === undefined ? [] : [{ number: fd, kind: 'vfio-cdev' as const, owner: path }]));

/**
 * What a launch will do on a host and what stands against it: objects, devices with their backends, address spaces, steps.
 * Pure: the same request and host give the same plan, and nothing is opened.
 * @param running the plan of the machine that is to change: its devices are attached, and are not judged again
 */
export const createPlan = (request: LaunchRequest, model: HostModel, settings: BackendSettings, running?: Plan): Plan => {
  const host = indexHost(model);
  const found: Problem[] = [];
  const opensItself = request.machine.type === BARE_MACHINE || settings.passFds === true;
  const planned = planObjects(request.objects, model, opensItself, found);
  const attached = attachedEntries(running, host);
  const entries = planDevices(request, attached, host, settings, planned, found);
  const devices = attachable(entries);
  const added = attachable(entries.filter(({ linked }) => !attached.has(linked)));
  const spaces = planSpaces(devices, request, model);
  const memlock = planMemlock(spaces, devices, request.machine.ram.size, model);
  const launch = launchDevices(devices);
  found.push(
    ...checkDuplicates(devices),
    ...checkGroupSplit(devices, spaceId),
    ...added.flatMap((device) => checkDevice(device, host, launch)),
    ...checkReservedRanges(spaces, added, host),
    ...(locksMore(spaces, running?.spaces) ? checkMemlock(memlock, spaces) : []),
    ...checkDoubleMap(spaces, request.machine.ram.size),
  );
  const problems = mergeProblems(found, model);
  const steps = hasErrors({ problems }) ? [] : launchSteps(request, devices, spaces);
  return {
    request,
    ram: request.machine.ram,
    objects: [...planned.objects, ...automaticObjects(entries, planned)],
    entries,
    devices,
    spaces,
    fds: [...planned.fds, ...passedFds(devices)],
    memlock,
    steps,
    problems,
  };
};
