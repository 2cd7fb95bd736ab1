import type { ProblemCode } from '../errors/codes.ts';
import { groupNode } from '../backends/group-steps.ts';
import type { Step } from '../backends/step.ts';
import { CONTAINER_NODE } from '../backends/type1-steps.ts';
import { cdevNodePath, isVfioBound } from '../host/query.ts';
import { IOMMUFD_NODE } from '../host/stock-nodes.ts';
import type { SystemCallError } from '../kernel/system-call-error.ts';
import type { HostIndex } from './host-index.ts';
import { interruptModule } from './kernel-rules.ts';
import { memlockTooLow, type MemlockPlan } from './memlock.ts';
import type { PlannedDevice } from './planned-device.ts';
import * as remedies from './remedies.ts';
import type { Remedy } from './remedy.ts';

/** What is known when a call has failed: the host as it is now, read again after the failure. */
export interface DiagnosisContext {
  readonly host: HostIndex;
  readonly device: PlannedDevice;
  readonly memlock: MemlockPlan;
}

type Diagnosis = (context: DiagnosisContext, step: Step, error: SystemCallError) => Remedy | undefined;

const lacksRawIo = (host: HostIndex, { group }: PlannedDevice): boolean =>
  host.group(group)?.noIommu === true && !host.model.process.capabilities.includes('CAP_SYS_RAWIO');

/** EACCES and EPERM at open: the mode says no, or it says yes and something else did. */
const refusedOpen: Diagnosis = ({ host, device }, step) => {
  const node = host.node(step.subject);
  if (step.subject === groupNode(device.group) && lacksRawIo(host, device)) {
    return remedies.noRawIo(step.subject);
  }
  const byMode = node === undefined ? undefined : remedies.noPermission(step.subject, node, host.model.process);
  return byMode ?? remedies.deviceCgroup(step.subject);
};

const absentNode: Diagnosis = ({ host, device }, step) => {
  if (step.subject === IOMMUFD_NODE) {
    return remedies.noIommufd(host.model.kernel, host.model.modules);
  }
  if (step.subject === CONTAINER_NODE) {
    return remedies.noType1(host.model.kernel);
  }
  const pci = host.device(device.name);
  if (pci?.group === null) {
    return remedies.noIommu(pci.address);
  }
  return pci !== undefined && !isVfioBound(pci) ? remedies.notBound(pci) : remedies.missingNode(step.subject);
};

/** EPERM when a group is claimed means four things; sysfs and capabilities tell which, the errno does not. */
const notPermitted: Diagnosis = ({ host, device }) => {
  const blockers = host.blockers(device.group);
  if (blockers.length > 0) {
    return remedies.notViable(device.group, blockers);
  }
  if (lacksRawIo(host, device)) {
    return remedies.noRawIo(groupNode(device.group));
  }
  const bound = boundElsewhere(host, device);
  if (bound !== undefined) {
    return bound;
  }
  const isolated = host.iommu(device.group)?.isolatedMsi;
  return isolated === true ? undefined : remedies.msiNotIsolated(device.backend, interruptModule(device, host));
};

/** Another process owns the group by a cdev of it. */
const boundElsewhere = (host: HostIndex, { group }: PlannedDevice): Remedy | undefined => {
  const paths = host.members(group).flatMap(({ cdev }) => (cdev === null ? [] : [cdevNodePath(cdev.name)]));
  const path = paths.find((candidate) => host.holder(candidate)?.hasIommufd === true);
  return path === undefined ? undefined : remedies.busy(path, host.holder(path));
};

const busyGroup: Diagnosis = ({ host, device }) => {
  const candidates = [groupNode(device.group), ...(device.cdev === undefined ? [] : [device.cdev.path])];
  const path = candidates.find((candidate) => host.holder(candidate) !== undefined) ?? groupNode(device.group);
  return remedies.busy(path, host.holder(path));
};

/** A cdev that another fd has bound answers EINVAL, like several other refusals; only a holder that was seen makes it a fact. */
const refusedBind: Diagnosis = ({ host, device }) => {
  const heldBy = device.cdev === undefined ? undefined : host.holder(device.cdev.path);
  if (device.cdev !== undefined && heldBy !== undefined) {
    return remedies.busy(device.cdev.path, heldBy);
  }
  return device.fd === undefined
    ? undefined
    : {
        code: 'BUSY',
        cause: `the kernel binds a cdev once for each open file: fd ${device.fd} may have been bound already, and stays so until every copy of it is closed`,
        fixes: ['open the cdev again in the parent and pass the fresh fd'],
      };
};

/** A device that is bound and yet not found is another matter; what it is, nobody can tell from here. */
const notBound: Diagnosis = ({ host, device }) => {
  const pci = host.device(device.name);
  return pci === undefined || isVfioBound(pci) ? undefined : remedies.notBound(pci);
};

const token: Diagnosis = ({ device }) => remedies.tokenRequired(device.name);

const tokenTooNew: Diagnosis = ({ host }) => remedies.tokenTooNew(host.model.kernel);

const memlock: Diagnosis = (context) => (context.memlock.limit === undefined ? undefined : memlockTooLow(context.memlock));

const wrongFd: Diagnosis = (_context, step) => ({
  code: 'FD_WRONG_KIND',
  cause: `${step.subject} is not the kind of file that ${step.call} works on`,
  fixes: ['pass an fd of /dev/iommu to the object and one of /dev/vfio/devices/vfioN to the device'],
});

/** RAM that is mapped already lies where this device cannot reach it: found only when a device joins a running machine. */
const overReserved: Diagnosis = ({ host, device }) => {
  const reserved = (host.group(device.group)?.reserved ?? []).filter(({ type }) => type !== 'direct-relaxable');
  return {
    code: 'IOVA_RESERVED',
    cause: `guest RAM is mapped over a range that is reserved for group ${device.group}: ${reserved.map(({ start, end }) => `${start}-${end}`).join(', ')}`,
    fixes: ['give the VM less RAM with -m, so that it ends below that range'],
  };
};

const OPEN: Readonly<Record<string, Diagnosis>> = {
  EACCES: refusedOpen,
  EPERM: refusedOpen,
  ENOENT: absentNode,
  ENODEV: absentNode,
  ENXIO: absentNode,
  EBUSY: busyGroup,
};

/** By call and errno: what the kernel means (drivers/vfio/group.c, drivers/vfio/device_cdev.c, drivers/iommu/iommu.c). */
const DIAGNOSES: Readonly<Record<string, Readonly<Record<string, Diagnosis>>>> = {
  open: OPEN,
  VFIO_GROUP_SET_CONTAINER: { EPERM: notPermitted, EBUSY: busyGroup },
  VFIO_SET_IOMMU: { EPERM: notPermitted },
  VFIO_GROUP_GET_DEVICE_FD: { EPERM: notPermitted, ENODEV: notBound, EACCES: token, EBUSY: busyGroup },
  VFIO_DEVICE_BIND_IOMMUFD: {
    EPERM: notPermitted,
    EBUSY: busyGroup,
    EINVAL: refusedBind,
    EACCES: token,
    E2BIG: tokenTooNew,
    EBADF: wrongFd,
    EBADFD: wrongFd,
    ENOTTY: wrongFd,
  },
  VFIO_DEVICE_ATTACH_IOMMUFD_PT: { ENOMEM: memlock, EADDRINUSE: overReserved },
  VFIO_IOMMU_MAP_DMA: { ENOMEM: memlock },
  IOMMU_IOAS_MAP: { ENOMEM: memlock },
};

/** Why a call failed, as far as facts tell; undefined rather than a guess. */
export const diagnose = (context: DiagnosisContext, step: Step, error: SystemCallError): Remedy | undefined =>
  DIAGNOSES[step.call]?.[error.code]?.(context, step, error);

/** A group that says it is not viable is either shared with host drivers or owned by someone else. */
const notViable = ({ host, device }: DiagnosisContext): Remedy => {
  const blockers = host.blockers(device.group);
  if (blockers.length > 0) {
    return remedies.notViable(device.group, blockers);
  }
  const path = device.cdev?.path ?? groupNode(device.group);
  return remedies.busy(path, host.holder(path));
};

/** What was refused without an errno: a group that is not viable, a device that has no cdev. */
export const diagnoseRefusal = (context: DiagnosisContext, code: ProblemCode): Remedy | undefined => {
  const { host, device } = context;
  if (code === 'GROUP_NOT_VIABLE') {
    return notViable(context);
  }
  const pci = host.device(device.name);
  if (code !== 'CDEV_MISSING' || pci === undefined) {
    return undefined;
  }
  return isVfioBound(pci) ? remedies.noCdev(host.model.kernel) : remedies.notBound(pci);
};
