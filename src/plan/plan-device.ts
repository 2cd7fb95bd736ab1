import type { IommufdObject } from '../backends/address-space.ts';
import { textValue } from '../devices/device-spec.ts';
import { failure, withLocation, type Problem } from '../errors/problem.ts';
import { canOpen } from '../host/can-open.ts';
import type { MediatedDeviceFacts, PciDeviceFacts } from '../host/model.ts';
import { cdevNodePath } from '../host/query.ts';
import { IOMMUFD_NODE } from '../host/stock-nodes.ts';
import type { LinkedDevice } from '../request/request.ts';
import { checkFd } from './check-fds.ts';
import { fdNumber, identifyDevice, type DeviceIdentity } from './device-identity.ts';
import type { HostIndex } from './host-index.ts';
import { collect } from './collect.ts';
import type { PlannedDevice } from './planned-device.ts';
import { noIommu, noSuchDevice } from './remedies.ts';
import {
  selectBackend,
  specifiedBackend,
  type BackendSettings,
  type DeviceWish,
  type Selection,
  type SelectionInput,
} from './select-backend.ts';

interface HostDevice {
  readonly pci: PciDeviceFacts | undefined;
  readonly mdev: MediatedDeviceFacts | undefined;
  readonly group: number;
}

const absent = (identity: DeviceIdentity): never => {
  throw failure(
    'NO_SUCH_DEVICE',
    `vfio ${identity.typed}: no such host device: No such file or directory`,
    noSuchDevice(identity.name, identity.kind === 'pci' ? undefined : identity.sysfs),
  );
};

/** @throws NO_SUCH_DEVICE, NO_IOMMU in QEMU's words */
const findOnHost = (identity: DeviceIdentity, host: HostIndex): HostDevice => {
  const mdev = identity.kind === 'mediated' ? host.mediated(identity.name) : undefined;
  const pci = identity.kind === 'pci' ? host.device(identity.name) : undefined;
  const facts = mdev ?? pci ?? absent(identity);
  if (facts.group === null) {
    throw failure('NO_IOMMU', `vfio ${identity.name}: no iommu_group found: No such file or directory`, noIommu(identity.name));
  }
  return { pci, mdev, group: facts.group };
};

const reachable = (path: string, host: HostIndex): string | undefined => {
  const node = host.node(path);
  if (node === undefined) {
    return `${path} does not exist`;
  }
  const answer = canOpen(node, host.model.process);
  if (answer.allowed) {
    return node.deniedByCgroup === true ? `${path} cannot be opened: the device cgroup denies it` : undefined;
  }
  return `${path} cannot be opened: ${answer.reason}`;
};

const iommufdUsable = (device: HostDevice, host: HostIndex): ReturnType<SelectionInput['iommufdUsable']> => {
  const cdev = (device.pci ?? device.mdev)?.cdev;
  const why = cdev === null || cdev === undefined ? 'the device has no VFIO cdev' : reachable(cdevNodePath(cdev.name), host);
  const blocked = why ?? reachable(IOMMUFD_NODE, host);
  return blocked === undefined ? { usable: true } : { usable: false, why: blocked };
};

const wishOf = ({ spec }: LinkedDevice, object: IommufdObject | undefined): DeviceWish => ({
  deviceType: spec.type.name,
  rule: spec.type.backendRule,
  hasFd: spec.values.has('fd'),
  object,
});

const checkPassedFd = (linked: LinkedDevice, host: HostIndex) => {
  const fd = fdNumber(linked.spec);
  return fd === undefined ? undefined : checkFd(fd, 'vfio-cdev', host.model);
};

/** A device of the request as the plan lists it, also when something stands against it. */
export interface DeviceEntry {
  readonly linked: LinkedDevice;
  /** PCI address, mdev UUID or name in sysfs, as far as the command line and passed fds tell. */
  readonly identity: DeviceIdentity | undefined;
  readonly selection: Selection | undefined;
  readonly object: IommufdObject | undefined;
  /** All that attaching needs; undefined when it cannot be attached. */
  readonly device: PlannedDevice | undefined;
}

export interface DeviceInput {
  readonly linked: LinkedDevice;
  /** The object it links to. */
  readonly object: IommufdObject | undefined;
  /** The object to use when it links to none but needs one. */
  readonly autoObject: IommufdObject;
  readonly host: HostIndex;
  readonly settings: BackendSettings;
}

const NOT_ON_HOST: SelectionInput['iommufdUsable'] = () => ({ usable: false, why: 'the device was not found' });

const resolve = (
  linked: LinkedDevice,
  identity: DeviceIdentity,
  found: HostDevice,
  selection: Selection,
  object: DeviceEntry['object'],
): PlannedDevice => {
  const cdev = (found.pci ?? found.mdev)?.cdev ?? undefined;
  return {
    spec: linked.spec,
    path: linked.path,
    name: identity.name,
    location: linked.spec.location,
    sysfs: identity.sysfs,
    group: found.group,
    cdev: cdev === undefined ? undefined : { path: cdevNodePath(cdev.name), device: cdev.device },
    fd: identity.fd,
    isPci: linked.spec.type.bus === 'PCI',
    mediated: found.mdev !== undefined,
    resets: found.pci === undefined || found.pci.resetMethods.length > 0,
    vfToken: textValue(linked.spec.values, 'vf-token'),
    backend: selection.backend,
    reason: selection.reason,
    object,
    pci: found.pci,
    mdev: found.mdev,
  };
};

/**
 * One device of the request on this host: which it is, which backend it uses and why, where its nodes are. What the command
 * line alone says is there even when the host refuses.
 * @param problems gets what identification, selection and the host refuse, in QEMU's words
 */
export const planDevice = ({ linked, object, autoObject, host, settings }: DeviceInput, problems: Problem[]): DeviceEntry => {
  const attempt = <T>(body: () => T): T | undefined =>
    collect(problems, linked.path, () => withLocation(linked.spec.location, body));
  const wish = wishOf(linked, object);
  const allowed = attempt(() => ({ specified: specifiedBackend(wish) }));
  const identity = allowed === undefined ? undefined : attempt(() => identifyDevice(linked.spec, checkPassedFd(linked, host)));
  const found = identity === undefined ? undefined : attempt(() => findOnHost(identity, host));
  const usable = found === undefined ? NOT_ON_HOST : () => iommufdUsable(found, host);
  const selection = allowed === undefined ? undefined : attempt(() => selectBackend({ ...wish, settings, iommufdUsable: usable }));
  const used = selection?.needsObject === true ? autoObject : object;
  const device =
    identity === undefined || found === undefined || selection === undefined
      ? undefined
      : resolve(linked, identity, found, selection, used);
  return { linked, identity, selection, object: used, device };
};
