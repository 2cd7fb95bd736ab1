import { groupNode } from '../backends/group-steps.ts';
import type { Problem } from '../errors/problem.ts';
import type { NodeHolder } from '../host/model.ts';
import { cdevNodePath } from '../host/query.ts';
import { deviceProblem } from './device-problem.ts';
import type { HostIndex } from './host-index.ts';
import type { LaunchDevices } from './launch-devices.ts';
import type { PlannedDevice } from './planned-device.ts';
import * as remedies from './remedies.ts';

const EBUSY = 'Device or resource busy';

/** Who has bound a cdev of the group; those that this launch was given are its own, whoever else has them open. */
const boundCdevs = (device: PlannedDevice, host: HostIndex, launch: LaunchDevices) => {
  const members = host.members(device.group).map(({ address, cdev }) => ({ name: address, cdev }));
  const own = device.mdev === undefined ? [] : [{ name: device.name, cdev: device.mdev.cdev }];
  return [...members, ...own].flatMap(({ name, cdev }): { path: string; holder: NodeHolder }[] => {
    const path = cdev === null ? undefined : cdevNodePath(cdev.name);
    const holder = path === undefined ? undefined : host.holder(path);
    const isTaken = holder !== undefined && holder.hasIommufd !== false && launch.get(name)?.fd === undefined;
    return isTaken && path !== undefined ? [{ path, holder }] : [];
  });
};

/**
 * What another process has open and ours then cannot have: a group node, which one process at a time opens, or the cdev of a
 * group member that is bound (drivers/vfio/group.c, drivers/vfio/device_cdev.c). Known only where holders were looked for.
 */
export const checkHolders = (device: PlannedDevice, host: HostIndex, launch: LaunchDevices): Problem[] => {
  const path = groupNode(device.group);
  const holder = host.holder(path);
  const byGroup = device.backend !== 'iommufd';
  const say = (reason: string): string =>
    byGroup ? `Could not open '${path}': ${EBUSY}` : `error bind device to iommufd: ${reason}`;
  if (holder !== undefined) {
    return [deviceProblem(device, say(EBUSY), remedies.busy(path, holder))];
  }
  return boundCdevs(device, host, launch).map((bound) =>
    deviceProblem(
      device,
      say(bound.path === device.cdev?.path ? 'Invalid argument' : 'Operation not permitted'),
      remedies.busy(bound.path, bound.holder),
    ),
  );
};
