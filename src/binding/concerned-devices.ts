import { findDevice } from '../host/query.ts';
import type { HostModel, PciDeviceFacts } from '../host/model.ts';

/** The named devices and all members of their IOMMU groups, in the order of the model. */
export const concernedDevices = (host: HostModel, addresses: readonly string[]): readonly PciDeviceFacts[] => {
  const named = new Set(addresses);
  const groups = new Set(addresses.map((address) => findDevice(host, address)?.group ?? null));
  return host.devices.filter(({ address, group }) => named.has(address) || (group !== null && groups.has(group)));
};
