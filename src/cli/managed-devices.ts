import { readdirSync } from 'node:fs';
import { afterBinding } from '../binding/after-binding.ts';
import { bindingFactsOfModel, type BindingFacts } from '../binding/binding-facts.ts';
import type { BindingPlan } from '../binding/binding-plan.ts';
import { concernedDevices } from '../binding/concerned-devices.ts';
import { planBinding } from '../binding/plan-binding.ts';
import { readBindingFacts } from '../binding/read-binding-facts.ts';
import type { UndoStore } from '../binding/undo-store.ts';
import { textValue } from '../devices/device-spec.ts';
import type { HostModel } from '../host/model.ts';
import { findDevice } from '../host/query.ts';
import { collect } from '../plan/collect.ts';
import { identifyDevice } from '../plan/device-identity.ts';
import type { LaunchRequest } from '../request/request.ts';
import { openUndoStore } from './binding-run.ts';

/** The devices of a launch that are bound before it and given back after. */
export interface ManagedDevices {
  readonly binding: BindingPlan;
  readonly facts: BindingFacts;
  readonly undo: UndoStore;
  /** The host as it will be when they are bound. */
  readonly host: HostModel;
}

const CDEVS = '/sys/class/vfio-dev';

const cdevNames = (): readonly string[] => {
  try {
    return readdirSync(CDEVS);
  } catch {
    return [];
  }
};

/** PCI devices that the command line names; those whose cdev was passed are bound already. What is wrong with one, the plan says. */
const namedDevices = ({ devices }: LaunchRequest, host: HostModel): readonly string[] =>
  devices.flatMap(({ spec, path }) => {
    if (textValue(spec.values, 'fd') !== undefined) return [];
    const identity = collect([], path, () => identifyDevice(spec, undefined));
    return identity?.kind === 'pci' && findDevice(host, identity.name) !== undefined ? [identity.name] : [];
  });

/**
 * What binding the devices of a launch takes, and what the host is like then. Nothing is touched.
 * @param isModel the host is that of a model
 */
export const planManagedDevices = (request: LaunchRequest, host: HostModel, isModel: boolean): ManagedDevices => {
  const devices = [...new Set(namedDevices(request, host))];
  const facts = isModel ? bindingFactsOfModel(host) : readBindingFacts(devices).facts;
  const undo = openUndoStore({});
  const records = isModel ? new Map() : undo.find(concernedDevices(facts.host, devices).map(({ address }) => address));
  const bind = { devices, driver: 'vfio-pci', others: 'vfio-pci', onlyNamed: false, force: false, keepBound: true };
  const binding = planBinding(facts, bind, records);
  return { binding, facts, undo, host: afterBinding(host, binding, isModel ? [] : cdevNames()) };
};

/** The devices that get another driver. */
export const movedDevices = ({ binding: { members } }: ManagedDevices): readonly string[] =>
  members.flatMap(({ device, target }) => (target === undefined ? [] : [device.address]));
