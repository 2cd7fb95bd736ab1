import type { HostModel, PciDeviceFacts } from './model.ts';
import { isVfioDriver } from './query.ts';

type Check = (model: HostModel) => Iterable<string>;

/** Entries whose key occurred before. @param noun e.g. `address` */
function* duplicates<T>(path: string, noun: string, entries: readonly T[], key: (entry: T) => unknown): Iterable<string> {
  const seen = new Map<unknown, number>();
  for (const [index, entry] of entries.entries()) {
    const value = key(entry);
    if (value === undefined) continue;
    const first = seen.get(value);
    if (first === undefined) seen.set(value, index);
    else yield `${path}[${index}].${noun}: ${JSON.stringify(value)} is also that of ${path}[${first}]`;
  }
}

function* uniqueness(model: HostModel): Iterable<string> {
  yield* duplicates('devices', 'address', model.devices, (device) => device.address);
  yield* duplicates('devices', 'cdev.name', model.devices, (device) => device.cdev?.name);
  yield* duplicates('devices', 'cdev.device', model.devices, (device) => device.cdev?.device);
  yield* duplicates('groups', 'id', model.groups, (group) => group.id);
  yield* duplicates('iommus', 'name', model.iommus, (iommu) => iommu.name);
  yield* duplicates('mediatedDevices', 'uuid', model.mediatedDevices ?? [], (device) => device.uuid);
}

function* groupReferences(model: HostModel): Iterable<string> {
  const ids = new Set<number | null>([...model.groups.map((group) => group.id), null]);
  for (const [index, { group }] of model.devices.entries()) {
    if (!ids.has(group)) yield `devices[${index}].group: there is no group ${group} in groups`;
  }
  for (const [index, { group }] of (model.mediatedDevices ?? []).entries()) {
    if (!ids.has(group)) yield `mediatedDevices[${index}].group: there is no group ${group} in groups`;
  }
  const names = new Set([...model.iommus.map((iommu) => iommu.name), 'unknown']);
  for (const [index, { iommu }] of model.groups.entries()) {
    if (!names.has(iommu)) yield `groups[${index}].iommu: there is no IOMMU ${JSON.stringify(iommu)} in iommus`;
  }
}

function* physicalFunctions(model: HostModel): Iterable<string> {
  const byAddress = new Map(model.devices.map((device) => [device.address, device]));
  for (const [index, { physicalFunction }] of model.devices.entries()) {
    if (physicalFunction === undefined) continue;
    const parent = byAddress.get(physicalFunction);
    if (parent === undefined) yield `devices[${index}].physicalFunction: there is no device ${physicalFunction} in devices`;
    else if (parent.physicalFunction !== undefined)
      yield `devices[${index}].physicalFunction: ${physicalFunction} is itself a virtual function`;
  }
}

/** A vendor's own driver can register VFs with vfio, so for those any driver will do. */
const canHaveCdev = ({ driver, physicalFunction }: PciDeviceFacts): boolean =>
  isVfioDriver(driver) || (driver !== null && physicalFunction !== undefined);

function* vfioBindings(model: HostModel): Iterable<string> {
  for (const [index, device] of model.devices.entries()) {
    const { cdev, driver, group } = device;
    if (cdev !== null && !canHaveCdev(device))
      yield `devices[${index}].cdev: ${cdev.name} needs a vfio driver, the driver is ${JSON.stringify(driver)}`;
    if (cdev !== null && model.kernel.vfioCdev === false)
      yield `devices[${index}].cdev: ${cdev.name} cannot be there while kernel.vfioCdev is false`;
    if (isVfioDriver(driver) && group === null)
      yield `devices[${index}].driver: ${driver} binds only devices that have an IOMMU group, the group is null`;
  }
}

function* ranges(model: HostModel): Iterable<string> {
  for (const [index, { reserved }] of model.groups.entries()) {
    for (const [position, { start, end }] of reserved.entries()) {
      if (BigInt(start) > BigInt(end)) yield `groups[${index}].reserved[${position}]: starts at ${start}, after its end ${end}`;
    }
  }
  const { soft, hard } = model.process.memlock;
  if (hard !== 'unlimited' && (soft === 'unlimited' || BigInt(soft) > BigInt(hard)))
    yield `process.memlock.soft: ${soft} is above the hard limit ${hard}`;
}

const CHECKS: readonly Check[] = [uniqueness, groupReferences, physicalFunctions, vfioBindings, ranges];

/**
 * What a schema cannot say about a host model: entries that contradict each other or name something that is not there.
 * @param limit how many problems to look for
 */
export const consistencyProblems = (model: HostModel, limit: number): readonly string[] => {
  const problems: string[] = [];
  for (const check of CHECKS) {
    for (const problem of check(model)) {
      if (problems.length === limit) return problems;
      problems.push(problem);
    }
  }
  return problems;
};
