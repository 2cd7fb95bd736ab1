import type { Problem } from '../errors/problem.ts';
import type { PciDeviceFacts } from '../host/model.ts';
import { blocksViability, isBridge, isVfioBound } from '../host/query.ts';
import { moveProblems, stillNotViable } from './binding-checks.ts';
import { stateOf, type BindingFacts } from './binding-facts.ts';
import { isRefused, type BindingPlan, type PlannedMember } from './binding-plan.ts';
import { concernedDevices } from './concerned-devices.ts';
import { bindWrites } from './device-writes.ts';
import { currentRecord, knownOverride, type UndoRecord, type UndoRecords } from './undo-record.ts';

export interface BindRequest {
  /** PCI addresses. */
  readonly devices: readonly string[];
  /** What the named devices get: `vfio-pci` or a variant of it. */
  readonly driver: string;
  /** What the other members of their groups get that are on host drivers. */
  readonly others: string;
  /** Leaves the other members where they are. */
  readonly onlyNamed: boolean;
  /** Takes devices that the host uses. */
  readonly force: boolean;
  /** Leaves named devices that vfio has already, whichever of its drivers it is. */
  readonly keepBound?: boolean;
}

const namedMember = (device: PciDeviceFacts, { driver, keepBound = false }: BindRequest): PlannedMember =>
  device.driver === driver || (keepBound && isVfioBound(device))
    ? { device, reason: 'bound already', target: undefined }
    : { device, reason: 'named', target: { driver } };

const stays = (device: PciDeviceFacts, reason: PlannedMember['reason']): PlannedMember => ({ device, reason, target: undefined });

const otherMember = (device: PciDeviceFacts, { others, onlyNamed }: BindRequest): PlannedMember => {
  if (isBridge(device)) return stays(device, 'bridge');
  if (device.driver === null) return stays(device, 'no driver');
  if (isVfioBound(device)) return stays(device, 'bound already');
  if (!blocksViability(device)) return stays(device, 'no harm');
  return onlyNamed ? stays(device, 'not named') : { device, reason: 'sibling', target: { driver: others } };
};

/** A member that gets a driver. */
interface Move {
  readonly device: PciDeviceFacts;
  readonly driver: string;
}

/** Others first: the named device is touched only when its group has been cleared. */
const movesOf = (members: readonly PlannedMember[]): Move[] => {
  const moves = members.flatMap(({ device, target, reason }) =>
    target === undefined || target === 'any' || target.driver === null ? [] : [{ device, driver: target.driver, reason }],
  );
  return [...moves.filter(({ reason }) => reason === 'sibling'), ...moves.filter(({ reason }) => reason !== 'sibling')];
};

const leftBehind = (members: readonly PlannedMember[]): Problem[] => {
  const left = members.filter(({ reason }) => reason === 'not named').map(({ device }) => device);
  const groups = [...new Set(left.map(({ group }) => group))].filter((group) => group !== null);
  return groups.map((group) =>
    stillNotViable(
      group,
      left.filter((device) => device.group === group),
    ),
  );
};

/** Nothing is recorded twice: what a device was before the first bind stays what unbind gives back. */
const recordOf = (facts: BindingFacts, { device, driver }: Move, records: UndoRecords): UndoRecord => {
  const { address } = device;
  const state = stateOf(facts, address);
  const former = currentRecord(records, device, state) ?? { driver: device.driver, driverOverride: knownOverride(state) };
  return { address, driver: former.driver, driverOverride: former.driverOverride, boundTo: driver };
};

/**
 * What giving devices to vfio takes: every member of their groups, and the writes with their undo. Pure.
 * @param records what earlier binds have saved
 */
export const planBinding = (facts: BindingFacts, request: BindRequest, records: UndoRecords): BindingPlan => {
  const named = new Set(request.devices);
  const members = concernedDevices(facts.host, request.devices).map((device) =>
    named.has(device.address) ? namedMember(device, request) : otherMember(device, request),
  );
  const moves = movesOf(members);
  const problems = [
    ...moves.flatMap(({ device, driver }) => moveProblems(facts, device, driver, request.force)),
    ...leftBehind(members),
  ];
  const refused = isRefused(problems);
  return {
    members,
    problems,
    modules: refused ? [] : [...new Set(moves.map(({ driver }) => driver))].filter((driver) => !facts.drivers.has(driver)),
    writes: refused
      ? []
      : moves.flatMap(({ device, driver }) =>
          bindWrites(device, { driver: device.driver, override: knownOverride(stateOf(facts, device.address)) }, driver),
        ),
    records: refused ? [] : moves.map((move) => recordOf(facts, move, records)),
    released: [],
  };
};
