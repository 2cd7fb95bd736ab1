import { isKernelAtLeast } from './kernel-release.ts';
import type { HostModel, PciDeviceFacts } from './model.ts';

const busOf = (device: PciDeviceFacts): string => device.address.slice(0, device.address.lastIndexOf(':'));

const isOnRootBus = (device: PciDeviceFacts): boolean =>
  device.bridge === undefined ? busOf(device).endsWith(':00') : device.bridge === null;

/**
 * A name for the set of devices that vfio opens and resets under one lock (`vfio_device_set`, set up in
 * drivers/vfio/pci/vfio_pci_core.c): a device on a root bus is alone in it, others share it with their bus, and from Linux 6.17 on
 * every VF is alone. Slots that can be reset on their own are not in the model and are taken for their bus.
 */
export const resetDomainKey = (model: HostModel, device: PciDeviceFacts): string => {
  const isLoneVf = device.physicalFunction !== undefined && isKernelAtLeast(model.kernel.release, 6, 17);
  return isLoneVf || isOnRootBus(device) ? device.address : busOf(device);
};

/** All devices in the reset domain of `device`, itself included, in the order of the model. Domains reset in parallel, members do not. */
export const resetDomain = (model: HostModel, device: PciDeviceFacts): readonly PciDeviceFacts[] => {
  const key = resetDomainKey(model, device);
  return model.devices.filter((other) => resetDomainKey(model, other) === key);
};
