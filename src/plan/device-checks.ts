import { groupNode, notViable as notViableText } from '../backends/group-steps.ts';
import { CONTAINER_NODE } from '../backends/type1-steps.ts';
import type { Problem } from '../errors/problem.ts';
import { isVfioBound } from '../host/query.ts';
import { IOMMUFD_NODE } from '../host/stock-nodes.ts';
import type { HostIndex } from './host-index.ts';
import type { PlannedDevice } from './planned-device.ts';
import * as remedies from './remedies.ts';
import type { Remedy } from './remedies.ts';

const ENOENT = 'No such file or directory';
const EACCES = 'Permission denied';
const EPERM = 'Operation not permitted';

/** A problem of one device, in QEMU's form: `vfio NAME: ...`. */
export const deviceProblem = (device: PlannedDevice, message: string, remedy: Remedy, hint?: readonly string[]): Problem => ({
  ...remedy,
  severity: 'error',
  subject: device.path,
  message: `vfio ${device.name}: ${message}`,
  hint,
  location: device.location,
});

const GROUP_HINT = (group: number) => [
  `Verify all devices in group ${group} are bound to vfio-<bus> or pci-stub and not already in use`,
];

/** The node must exist and let this process in. */
const checkNode = (
  device: PlannedDevice,
  host: HostIndex,
  path: string,
  absent: Remedy,
  say: (reason: string) => string,
): Problem[] => {
  const node = host.nodes.get(path);
  if (node === undefined) {
    return [deviceProblem(device, say(ENOENT), absent)];
  }
  const refused = remedies.noPermission(path, node, host.model.process);
  return refused === undefined ? [] : [deviceProblem(device, say(EACCES), refused)];
};

const isBound = (device: PlannedDevice): boolean => device.mediated || (device.pci !== undefined && isVfioBound(device.pci));

const absentGroupNode = (device: PlannedDevice, path: string): Remedy =>
  device.pci === undefined || isBound(device) ? remedies.missingNode(path) : remedies.notBound(device.pci);

const checkGroup = (device: PlannedDevice, host: HostIndex): Problem[] => {
  const path = groupNode(device.group);
  const nodeProblems = checkNode(
    device,
    host,
    path,
    absentGroupNode(device, path),
    (reason) => `Could not open '${path}': ${reason}`,
  );
  if (nodeProblems.length > 0) {
    return nodeProblems;
  }
  const blockers = host.blockers(device.group);
  if (blockers.length > 0) {
    const { message, hint } = notViableText(device.group);
    return [deviceProblem(device, message, remedies.notViable(device.group, blockers), hint)];
  }
  if (!isBound(device) && device.pci !== undefined) {
    const message = `error getting device from group ${device.group}: No such device`;
    return [deviceProblem(device, message, remedies.notBound(device.pci), GROUP_HINT(device.group))];
  }
  return [];
};

/** The container comes after the group: while no device is bound, its module may just not be loaded. */
const checkType1 = (device: PlannedDevice, host: HostIndex): Problem[] => {
  const groupProblems = checkGroup(device, host);
  return groupProblems.length > 0
    ? groupProblems
    : checkNode(
        device,
        host,
        CONTAINER_NODE,
        remedies.noType1(),
        (reason) => `failed to setup container for group ${device.group}: Could not open '${CONTAINER_NODE}': ${reason}`,
      );
};

const checkIommufdNode = (device: PlannedDevice, host: HostIndex): Problem[] =>
  device.object?.fd !== undefined
    ? []
    : checkNode(
        device,
        host,
        IOMMUFD_NODE,
        remedies.noIommufd(host.model.kernel),
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
  return checkNode(device, host, path, remedies.missingNode(path), () => `vfio ${directory}: Failed to open ${path}`);
};

const checkIommufdGroup = (device: PlannedDevice, host: HostIndex): Problem[] => {
  // That the device itself has a host driver has been said: it has no cdev then.
  const blockers = device.mediated ? [] : host.blockers(device.group).filter(({ address }) => address !== device.name);
  if (blockers.length === 0) {
    return [];
  }
  const { message, hint } = notViableText(device.group);
  return [
    deviceProblem(device, `error bind device to iommufd: ${EPERM}: ${message}`, remedies.notViable(device.group, blockers), hint),
  ];
};

/** Interrupt isolation, tokens and firmware mappings: what the kernel refuses with an errno that does not say why. */
const checkKernelRules = (device: PlannedDevice, host: HostIndex): Problem[] => {
  if (device.mediated) {
    return [];
  }
  const parameterModule = device.backend === 'type1' ? 'vfio_iommu_type1' : 'iommufd';
  const unsafe = host.model.modules[parameterModule]?.parameters?.['allow_unsafe_interrupts'];
  const problems: Problem[] = [];
  if (host.iommu(device.group)?.isolatedMsi === false && unsafe !== 'Y') {
    problems.push(
      deviceProblem(
        device,
        `${EPERM}: interrupts of group ${device.group} are not isolated`,
        remedies.msiNotIsolated(device.backend),
      ),
    );
  }
  if (host.group(device.group)?.reserved.some(({ type }) => type === 'direct') === true) {
    problems.push(
      deviceProblem(device, `group ${device.group} has a firmware mapping that must stay`, remedies.directRegion(device.name)),
    );
  }
  const physical = device.pci?.physicalFunction === undefined ? undefined : host.device(device.pci.physicalFunction);
  if (physical?.driver === 'vfio-pci' && device.vfToken === undefined) {
    problems.push(deviceProblem(device, 'VF token required to access device', remedies.tokenRequired(device.name)));
  }
  return problems;
};

/** What stops one device, in the order in which attaching would meet it. Nothing is opened. */
export const checkDevice = (device: PlannedDevice, host: HostIndex): Problem[] => {
  switch (device.backend) {
    case 'type1':
      return [...checkType1(device, host), ...checkKernelRules(device, host)];
    case 'iommufd':
      return [
        ...checkCdev(device, host),
        ...checkIommufdNode(device, host),
        ...checkIommufdGroup(device, host),
        ...checkKernelRules(device, host),
      ];
    case 'iommufd-compat':
      return [...checkIommufdNode(device, host), ...checkGroup(device, host), ...checkKernelRules(device, host)];
  }
};
