import type { IommufdObject } from '../backends/address-space.ts';
import { textValue } from '../devices/device-spec.ts';
import { failure } from '../errors/problem.ts';
import { canOpen } from '../host/can-open.ts';
import type { MediatedDeviceFacts, PciDeviceFacts } from '../host/model.ts';
import { cdevNodePath } from '../host/query.ts';
import { IOMMUFD_NODE } from '../host/stock-nodes.ts';
import type { LinkedDevice } from '../request/request.ts';
import { checkFd } from './check-fds.ts';
import { fdNumber, identifyDevice, type DeviceIdentity } from './device-identity.ts';
import type { HostIndex } from './host-index.ts';
import type { PlannedDevice } from './planned-device.ts';
import { noIommu, noSuchDevice } from './remedies.ts';
import { selectBackend, specifiedBackend, type BackendSettings, type DeviceWish, type SelectionInput } from './select-backend.ts';

interface HostDevice {
  readonly pci: PciDeviceFacts | undefined;
  readonly mdev: MediatedDeviceFacts | undefined;
  readonly group: number;
}

const absent = (identity: DeviceIdentity): never => {
  throw failure(
    'NO_SUCH_DEVICE',
    `vfio ${identity.sysfs}: no such host device: No such file or directory`,
    noSuchDevice(identity.name),
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
  const node = host.nodes.get(path);
  if (node === undefined) {
    return `${path} does not exist`;
  }
  const answer = canOpen(node, host.model.process);
  return answer.allowed ? undefined : `${path} cannot be opened: ${answer.reason}`;
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

export interface DeviceInput {
  readonly linked: LinkedDevice;
  /** The object it links to. */
  readonly object: IommufdObject | undefined;
  /** The object to use when it links to none but needs one. */
  readonly autoObject: IommufdObject;
  readonly host: HostIndex;
  readonly settings: BackendSettings;
}

/**
 * One device of the request on this host: which it is, which backend it uses and why, where its nodes are.
 * @throws what identification, selection and the host refuse, in QEMU's words
 */
export const planDevice = ({ linked, object, autoObject, host, settings }: DeviceInput): PlannedDevice => {
  const { spec, path } = linked;
  const wish = wishOf(linked, object);
  specifiedBackend(wish);
  const identity = identifyDevice(spec, checkPassedFd(linked, host));
  const found = findOnHost(identity, host);
  const selection = selectBackend({ ...wish, settings, iommufdUsable: () => iommufdUsable(found, host) });
  const cdev = (found.pci ?? found.mdev)?.cdev ?? undefined;
  return {
    spec,
    path,
    name: identity.name,
    location: spec.location,
    sysfs: identity.sysfs,
    group: found.group,
    cdev: cdev === undefined ? undefined : { path: cdevNodePath(cdev.name), device: cdev.device },
    fd: identity.fd,
    mediated: found.mdev !== undefined,
    vfToken: textValue(spec.values, 'vf-token'),
    backend: selection.backend,
    reason: selection.reason,
    object: selection.needsObject ? autoObject : object,
    pci: found.pci,
    mdev: found.mdev,
  };
};
