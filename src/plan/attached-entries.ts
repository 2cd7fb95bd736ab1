import type { LinkedDevice } from '../request/request.ts';
import type { HostIndex } from './host-index.ts';
import type { DeviceEntry } from './plan-device.ts';
import type { Plan } from './plan.ts';

/** Facts are made anew for each device that is read, so the same object means that nobody has looked since. */
const isUnchanged = ({ device }: DeviceEntry, host: HostIndex): boolean => {
  const { pci, mdev } = device ?? {};
  return mdev === undefined ? pci !== undefined && pci === host.device(pci.address) : mdev === host.mediated(mdev.uuid);
};

/**
 * The devices that a machine has attached, as they were planned. One that was read again, because another of its group is plugged, is
 * left out: it is planned again too.
 * @param running the plan of the machine, if there is one
 */
export const attachedEntries = (running: Plan | undefined, host: HostIndex): ReadonlyMap<LinkedDevice, DeviceEntry> =>
  new Map((running?.entries ?? []).filter((entry) => isUnchanged(entry, host)).map((entry) => [entry.linked, entry]));
