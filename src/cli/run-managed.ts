import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isRefused, type BindingPlan } from '../binding/binding-plan.ts';
import { carryOut, type BindingTools } from '../binding/carry-out.ts';
import type { BindingFacts } from '../binding/binding-facts.ts';
import { modprobe } from '../binding/load-driver.ts';
import { planRelease } from '../binding/plan-release.ts';
import { readBindingFacts } from '../binding/read-binding-facts.ts';
import { settleNodes } from '../binding/settle-nodes.ts';
import { createSysfsAccess } from '../binding/sysfs-access.ts';
import type { UndoStore } from '../binding/undo-store.ts';
import { VmattachError } from '../errors/problem.ts';
import { pciDeviceFolder } from '../host/read-pci-device.ts';
import { membersText, outcomeText } from '../report/binding-text.ts';
import { movedDevices, type ManagedDevices } from './managed-devices.ts';
import { say, sayLines, sayProblem } from './output.ts';

/** A process that was killed lets go of its devices some time after it is gone, if another has them open too. */
const RETRY_MS = 100;
const RETRIES = 30;

const release = (addresses: readonly string[], undo: UndoStore): { readonly plan: BindingPlan; readonly facts: BindingFacts } => {
  const records = undo.find(addresses);
  const present = addresses.filter((address) => records.has(address) && existsSync(pciDeviceFolder(address)));
  const { facts } = readBindingFacts(present);
  return { plan: planRelease(facts, { devices: present, onlyNamed: true }, records), facts };
};

/** Writing to `unbind` while somebody has the device open would wait for him, deaf to signals. */
const releaseWhenFree = async (addresses: readonly string[], undo: UndoStore) => {
  for (let retry = 0; retry < RETRIES; retry += 1) {
    const released = release(addresses, undo);
    if (!isRefused(released.plan.problems)) return released;
    await delay(RETRY_MS);
  }
  return release(addresses, undo);
};

const explainLeft = (addresses: readonly string[]): void =>
  say(`the devices were not given back; when they are free: vmattach unbind ${addresses.join(' ')}`);

/** @returns whether everything is where it was */
const giveBack = async (addresses: readonly string[], tools: BindingTools): Promise<boolean> => {
  try {
    const { plan, facts } = await releaseWhenFree(addresses, tools.undo);
    plan.problems.forEach(sayProblem);
    if (isRefused(plan.problems)) {
      explainLeft(addresses);
      return false;
    }
    await carryOut(plan, facts.host, tools);
    sayLines(outcomeText(plan, tools.sysfs.driver));
    return true;
  } catch (error) {
    if (!(error instanceof VmattachError)) throw error;
    sayProblem(error.problem);
    explainLeft(addresses);
    return false;
  }
};

/**
 * Binds devices, runs what needs them, and gives them back, however that ends. The groups are shown first, on standard error.
 * @param signal until they are bound it takes everything back
 * @returns what `body` returns, and 1 in the place of 0 when something could not be given back
 * @throws what `body` throws; VmattachError; the reason of the signal
 */
export const withManagedDevices = async (
  managed: ManagedDevices,
  signal: AbortSignal,
  body: () => Promise<number>,
): Promise<number> => {
  const moved = movedDevices(managed);
  if (moved.length === 0) return body();
  const { binding, facts, undo } = managed;
  const tools = { sysfs: createSysfsAccess(), undo, modprobe };
  sayLines(membersText(binding));
  await carryOut(binding, facts.host, { ...tools, signal });
  let status = 1;
  let isBack = false;
  try {
    await settleNodes();
    status = await body();
  } finally {
    isBack = await giveBack(moved, tools);
  }
  return isBack ? status : status || 1;
};
