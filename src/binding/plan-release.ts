import type { Problem } from '../errors/problem.ts';
import type { PciDeviceFacts } from '../host/model.ts';
import { isBridge, isVfioBound } from '../host/query.ts';
import { heldProblems } from './binding-checks.ts';
import { stateOf, type BindingFacts } from './binding-facts.ts';
import { isRefused, type BindingPlan, type BindingWrite, type PlannedMember } from './binding-plan.ts';
import { concernedDevices } from './concerned-devices.ts';
import { reprobeWrites, restoreWrites, type DriverState } from './device-writes.ts';
import { currentRecord, type UndoRecord, type UndoRecords } from './undo-record.ts';

export interface ReleaseRequest {
  /** PCI addresses. */
  readonly devices: readonly string[];
  /** Leaves the other members of their groups where they are. */
  readonly onlyNamed: boolean;
}

interface Release extends PlannedMember {
  readonly writes: readonly BindingWrite[];
}

const noRecord = ({ address }: PciDeviceFacts): Problem => ({
  code: 'FILE',
  severity: 'warning',
  subject: address,
  location: address,
  message: 'nothing was saved about its former state: the kernel chooses a driver for it',
});

/** What vfio has without a known override was most likely given to it by one. */
const driverState = (facts: BindingFacts, device: PciDeviceFacts): DriverState => {
  const { override } = stateOf(facts, device.address);
  const likely = isVfioBound(device) ? device.driver : null;
  return { driver: device.driver, override: override === 'unknown' ? likely : override };
};

/** On vfio, or told to stay away from its own driver. */
const isTaken = (device: PciDeviceFacts, { override }: DriverState): boolean => isVfioBound(device) || override !== null;

const stay = (device: PciDeviceFacts, reason: PlannedMember['reason']): Release => ({
  device,
  reason,
  target: undefined,
  writes: [],
});

const restored = (facts: BindingFacts, device: PciDeviceFacts, { driver, driverOverride }: UndoRecord): Release => ({
  device,
  reason: 'restored',
  target: { driver },
  writes: restoreWrites(device, driverState(facts, device), { driver, override: driverOverride }),
});

/** A member of which nothing was saved. What a bind has not touched is not touched here: unless it is named, or nothing was saved at all. */
const withoutRecord = (facts: BindingFacts, device: PciDeviceFacts, isAsked: boolean): Release => {
  const from = driverState(facts, device);
  if (isBridge(device)) return stay(device, 'bridge');
  if (isAsked && isTaken(device, from)) {
    return { device, reason: 'reprobed', target: 'any', writes: reprobeWrites(device, from) };
  }
  return stay(device, device.driver === null ? 'no driver' : 'not bound by vmattach');
};

const planMembers = (facts: BindingFacts, request: ReleaseRequest, records: UndoRecords): Release[] => {
  const devices = concernedDevices(facts.host, request.devices);
  const recordOf = (device: PciDeviceFacts): UndoRecord | undefined =>
    currentRecord(records, device, stateOf(facts, device.address));
  const recordedGroups = new Set(devices.filter((device) => recordOf(device) !== undefined).map(({ group }) => group));
  return devices.map((device) => {
    const isNamed = request.devices.includes(device.address);
    if (request.onlyNamed && !isNamed) return stay(device, 'not named');
    const record = recordOf(device);
    return record === undefined
      ? withoutRecord(facts, device, isNamed || !recordedGroups.has(device.group))
      : restored(facts, device, record);
  });
};

/** Drivers that are bound by name must be there. */
const missingDrivers = (members: readonly Release[], drivers: ReadonlySet<string>): string[] => {
  const wanted = members.flatMap(({ writes }) =>
    writes.flatMap(({ kind, expected }) => (kind === 'bind' && expected ? [expected] : [])),
  );
  return [...new Set(wanted)].filter((driver) => !drivers.has(driver));
};

/**
 * What giving devices back takes: from the records exactly what was there, without a record what the kernel's tables say. The whole
 * group goes back. Pure.
 * @param records what binds have saved
 */
export const planRelease = (facts: BindingFacts, request: ReleaseRequest, records: UndoRecords): BindingPlan => {
  const members = planMembers(facts, request, records);
  const problems = [
    ...members.flatMap(({ device, writes }) => (writes.some(({ kind }) => kind === 'unbind') ? heldProblems(facts, device) : [])),
    ...members.flatMap(({ device, reason }) => (reason === 'reprobed' ? [noRecord(device)] : [])),
  ];
  const refused = isRefused(problems);
  return {
    members: members.map(({ device, reason, target }) => ({ device, reason, target })),
    problems,
    modules: refused ? [] : missingDrivers(members, facts.drivers),
    writes: refused ? [] : members.flatMap(({ writes }) => writes),
    records: [],
    released: refused
      ? []
      : members
          .filter(({ device, reason }) => reason !== 'not named' && records.has(device.address))
          .map(({ device }) => device.address),
  };
};
