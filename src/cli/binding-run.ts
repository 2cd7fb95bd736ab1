import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { bindingFactsOfModel, type BindingFacts } from '../binding/binding-facts.ts';
import { isRefused, type BindingPlan } from '../binding/binding-plan.ts';
import { carryOut } from '../binding/carry-out.ts';
import { concernedDevices } from '../binding/concerned-devices.ts';
import { modprobe } from '../binding/load-driver.ts';
import { readBindingFacts, type NamedDevices } from '../binding/read-binding-facts.ts';
import { selectDevices } from '../binding/select-devices.ts';
import { createSysfsAccess } from '../binding/sysfs-access.ts';
import type { UndoRecords } from '../binding/undo-record.ts';
import { defaultUndoFolder, undoFile, undoFolder, type UndoStore } from '../binding/undo-store.ts';
import { failure } from '../errors/problem.ts';
import { bindingScript, membersText, outcomeText } from '../report/binding-text.ts';
import { readModel } from './model-host.ts';
import type { OwnOptionDefinition } from './own-options.ts';
import { print, say, sayProblem } from './output.ts';
import { catchStopSignals, Stopped } from './stop-signal.ts';

/** What `bind` and `unbind` have in common on the command line. */
export interface BindingValues {
  readonly dryRun?: boolean;
  readonly onlyNamed?: boolean;
  readonly undoFile?: string;
  readonly hostModel?: string;
}

export const BINDING_OPTIONS: readonly OwnOptionDefinition[] = [
  { name: 'dry-run', description: 'print the writes as lines for a shell, and touch nothing' },
  { name: 'only-named', description: 'leave the other devices of the IOMMU group where they are' },
  { name: 'undo-file', metavar: 'FILE', description: 'keep the former state in FILE' },
  { name: 'host-model', metavar: 'FILE', description: 'plan for the host that FILE describes; with --dry-run only' },
];

/** The devices, and what was saved about them by an earlier bind. */
export interface BindingSubject extends NamedDevices {
  readonly undo: UndoStore;
  readonly records: UndoRecords;
}

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

const bootId = (): string => {
  try {
    return readFileSync(BOOT_ID, 'utf8').trim();
  } catch {
    return 'unknown';
  }
};

/** What earlier binds have saved: in the user's folder, or in the file that an option names. */
export const openUndoStore = ({ undoFile: file }: Pick<BindingValues, 'undoFile'>): UndoStore =>
  file === undefined
    ? undoFolder(defaultUndoFolder(process.geteuid?.() ?? 0, homedir(), process.env['XDG_STATE_HOME']), bootId())
    : undoFile(file, bootId());

const fromModel = (words: readonly string[], file: string): NamedDevices => {
  const facts = bindingFactsOfModel(readModel(file));
  const addresses = facts.host.devices.map(({ address }) => address);
  return { addresses: selectDevices(words, addresses, () => undefined), facts };
};

const refuseModel = (file: string) =>
  failure('OPTION_UNSUPPORTED', 'drivers are bound on this host only', {
    location: `--host-model ${file}`,
    cause: 'a host model is a description; there is nothing behind it that could be written to',
    fixes: ['add --dry-run', 'leave --host-model out'],
  });

/** @throws NO_SUCH_DEVICE, VALUE_INVALID, FILE, HOST_MODEL, OPTION_UNSUPPORTED */
export const readSubject = (words: readonly string[], values: BindingValues): BindingSubject => {
  const undo = openUndoStore(values);
  if (values.hostModel !== undefined) {
    if (values.dryRun !== true) {
      throw refuseModel(values.hostModel);
    }
    return { ...fromModel(words, values.hostModel), undo, records: new Map() };
  }
  const named = readBindingFacts(words);
  const records = undo.find(concernedDevices(named.facts.host, named.addresses).map(({ address }) => address));
  return { ...named, undo, records };
};

const write = async (plan: BindingPlan, { host }: BindingFacts, undo: UndoStore): Promise<number> => {
  const signal = catchStopSignals();
  const sysfs = createSysfsAccess();
  try {
    await carryOut(plan, host, { sysfs, undo, modprobe, signal });
  } catch (error) {
    if (!(error instanceof Stopped)) {
      throw error;
    }
    say(`${error.message}: everything was taken back`);
    return 1;
  }
  print(outcomeText(plan, sysfs.driver));
  return 0;
};

/**
 * Shows the groups, then does what the plan says, or prints it.
 * @returns the exit status
 * @throws VmattachError
 */
export const runBinding = async (plan: BindingPlan, { facts, undo }: BindingSubject, values: BindingValues): Promise<number> => {
  const isDry = values.dryRun === true;
  print(isDry ? bindingScript(plan) : membersText(plan));
  plan.problems.forEach(sayProblem);
  if (isRefused(plan.problems)) {
    return 1;
  }
  return isDry ? 0 : write(plan, facts, undo);
};
