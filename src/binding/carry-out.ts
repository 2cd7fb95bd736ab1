import type { HostModel } from '../host/model.ts';
import type { BindingPlan } from './binding-plan.ts';
import { loadDriver, type Modprobe } from './load-driver.ts';
import { explainRefusal } from './refused-write.ts';
import { runWrites } from './run-writes.ts';
import type { SysfsAccess } from './sysfs-access.ts';
import type { UndoStore } from './undo-store.ts';

/** What a plan is carried out with. */
export interface BindingTools {
  readonly sysfs: SysfsAccess;
  readonly undo: UndoStore;
  readonly modprobe: Modprobe;
  readonly signal?: AbortSignal;
}

const checkPermission = async ({ writes }: BindingPlan, sysfs: SysfsAccess, host: HostModel): Promise<void> => {
  const [first] = writes;
  if (first === undefined) return;
  try {
    await sysfs.checkWritable(first.path);
  } catch (error) {
    throw explainRefusal(first, error, host);
  }
};

/** Records of devices that are as they were: a bind that failed leaves none behind, unless something could not be taken back. */
const isAsBefore =
  (sysfs: SysfsAccess) =>
  ({ address, driver, driverOverride }: BindingPlan['records'][number]): boolean =>
    sysfs.driver(address) === driver && sysfs.override(address) === driverOverride;

/**
 * Does what a plan says: loads drivers, saves the former states, writes. When it fails, everything but the loaded modules is as before.
 * @throws VmattachError; the reason of the signal
 */
export const carryOut = async (plan: BindingPlan, host: HostModel, tools: BindingTools): Promise<void> => {
  const { sysfs, undo } = tools;
  await checkPermission(plan, sysfs, host);
  for (const driver of plan.modules) loadDriver(driver, sysfs, tools.modprobe);
  undo.save(plan.records);
  try {
    await runWrites(plan.writes, sysfs, host, tools.signal);
  } catch (error) {
    undo.drop(plan.records.filter(isAsBefore(sysfs)).map(({ address }) => address));
    throw error;
  }
  undo.drop(plan.released);
};
