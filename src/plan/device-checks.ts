import { groupNode, notViable as notViableText } from '../backends/group-steps.ts';
import { CONTAINER_NODE } from '../backends/type1-steps.ts';
import type { Problem } from '../errors/problem.ts';
import { canOpen } from '../host/can-open.ts';
import { isVfioBound } from '../host/query.ts';
import { IOMMUFD_NODE } from '../host/stock-nodes.ts';
import { deviceProblem } from './device-problem.ts';
import { checkHolders } from './holder-checks.ts';
import type { HostIndex } from './host-index.ts';
import { checkKernelRules } from './kernel-rules.ts';
import { launchDevices, type LaunchDevices } from './launch-devices.ts';
import type { PlannedDevice } from './planned-device.ts';
import * as remedies from './remedies.ts';
import type { Remedy } from './remedy.ts';

const ENOENT = 'No such file or directory';
const EACCES = 'Permission denied';
const EPERM = 'Operation not permitted';

const groupHint = (group: number): string[] => [
  `Verify all devices in group ${group} are bound to vfio-<bus> or pci-stub and not already in use`,
];

/** The node must exist and let this process in. */
const checkNode = (
  device: PlannedDevice,
  host: HostIndex,
  path: string,
  absent: () => Remedy,
  say: (reason: string) => string,
): Problem[] => {
  const node = host.node(path);
  if (node === undefined) {
    return [deviceProblem(device, say(ENOENT), absent())];
  }
  const refused = remedies.noPermission(path, node, host.model.process);
  return refused === undefined
    ? []
    : [deviceProblem(device, say(canOpen(node, host.model.process).allowed ? EPERM : EACCES), refused)];
};

const isBound = (device: PlannedDevice): boolean => device.mediated || (device.pci !== undefined && isVfioBound(device.pci));

const checkGroupNode = (device: PlannedDevice, host: HostIndex): Problem[] => {
  const path = groupNode(device.group);
  const { pci } = device;
  const absent = (): Remedy => (pci === undefined || isBound(device) ? remedies.missingNode(path) : remedies.notBound(pci));
  const problems = checkNode(device, host, path, absent, (reason) => `Could not open '${path}': ${reason}`);
  if (problems.length > 0 || isBound(device) || pci === undefined) {
    return problems;
  }
  const message = `error getting device from group ${device.group}: No such device`;
  return [deviceProblem(device, message, remedies.notBound(pci), groupHint(device.group))];
};

/** Host drivers in the group. Those of devices that are launched too are left out: each of them is told to leave its driver. */
const checkViability = (device: PlannedDevice, host: HostIndex, launch: LaunchDevices): Problem[] => {
  const blockers = device.mediated ? [] : host.blockers(device.group).filter(({ address }) => !launch.has(address));
  if (blockers.length === 0) {
    return [];
  }
  const { message, hint } = notViableText(device.group);
  const said = device.backend === 'iommufd' ? `error bind device to iommufd: ${EPERM}: ${message}` : message;
  return [deviceProblem(device, said, remedies.notViable(device.group, blockers), hint)];
};

/** While the device is not bound, that there is no container is no news: the module comes with the driver. */
const checkContainer = (device: PlannedDevice, host: HostIndex): Problem[] => {
  if (!isBound(device)) {
    return [];
  }
  const setup = `failed to setup container for group ${device.group}`;
  const problems = checkNode(
    device,
    host,
    CONTAINER_NODE,
    () => remedies.noType1(host.model.kernel),
    (reason) => `${setup}: Could not open '${CONTAINER_NODE}': ${reason}`,
  );
  return problems.length > 0 || host.model.kernel.container !== 'none'
    ? problems
    : [deviceProblem(device, `${setup}: No available IOMMU models`, remedies.noIommuDriver(host.model.kernel))];
};

const checkIommufdNode = (device: PlannedDevice, host: HostIndex): Problem[] =>
  device.object?.fd !== undefined
    ? []
    : checkNode(
        device,
        host,
        IOMMUFD_NODE,
        () => remedies.noIommufd(host.model.kernel, host.model.modules),
        (reason) => `Could not open '${IOMMUFD_NODE}': ${reason}`,
      );

const checkCdev = (device: PlannedDevice, host: HostIndex): Problem[] => {
  if (device.fd !== undefined) {
    return [];
  }
  const directory = `${device.sysfs}/vfio-dev`;
  if (device.cdev === undefined) {
    const remedy = isBound(device) || device.pci === undefined ? remedies.noCdev(host.model.kernel) : remedies.notBound(device.pci);
    return [deviceProblem(device, `vfio ${directory}: couldn't open directory ${directory}: ${ENOENT}`, remedy)];
  }
  const { path } = device.cdev;
  return checkNode(
    device,
    host,
    path,
    () => remedies.missingNode(path),
    () => `vfio ${directory}: Failed to open ${path}`,
  );
};

const checkNodes = (device: PlannedDevice, host: HostIndex): Problem[] => {
  switch (device.backend) {
    case 'type1':
      return [...checkGroupNode(device, host), ...checkContainer(device, host)];
    case 'iommufd':
      return [...checkCdev(device, host), ...checkIommufdNode(device, host)];
    case 'iommufd-compat':
      return [...checkIommufdNode(device, host), ...checkGroupNode(device, host)];
  }
};

/** A group that VFIO made for a device without IOMMU has another node, no cdev, and no address space. */
const checkTranslation = (device: PlannedDevice, host: HostIndex): Problem[] => {
  const group = host.group(device.group);
  if (group?.noIommu !== true) {
    return [];
  }
  const message = `Could not open '${groupNode(device.group)}': ${ENOENT}`;
  return [deviceProblem(device, message, remedies.unsafeNoIommu(device.name, group, host.model.process))];
};

/**
 * What stops one device, in the order in which attaching would meet it. Nothing is opened.
 * @param launch the device and those that are launched with it
 */
export const checkDevice = (device: PlannedDevice, host: HostIndex, launch: LaunchDevices = launchDevices([device])): Problem[] => {
  const untranslated = checkTranslation(device, host);
  return untranslated.length > 0
    ? untranslated
    : [
        ...checkNodes(device, host),
        ...checkViability(device, host, launch),
        ...checkHolders(device, host, launch),
        ...checkKernelRules(device, host),
      ];
};
