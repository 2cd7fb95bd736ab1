import path from 'node:path';
import { readHostFacts } from '../host/linux-facts.ts';
import type { PciDeviceFacts } from '../host/model.ts';
import { pciDeviceFolder } from '../host/read-pci-device.ts';
import { createSystemFiles, type SystemFiles } from '../host/system-files.ts';
import type { BindingFacts, DeviceState } from './binding-facts.ts';
import { displayUses } from './display-uses.ts';
import { inputUses } from './input-uses.ts';
import { isClaimed } from './is-claimed.ts';
import { networkUses } from './network-uses.ts';
import { selectDevices } from './select-devices.ts';
import { storageUses } from './storage-uses.ts';

/** The kernel prints an empty `driver_override` as `(null)`. */
export const readOverride = (files: Pick<SystemFiles, 'text'>, address: string): string | null => {
  const text = files.text(`${pciDeviceFolder(address)}/driver_override`);
  return text === undefined || text === '' || text === '(null)' ? null : text;
};

const readState = (files: SystemFiles, root: string, device: PciDeviceFacts): DeviceState => ({
  override: readOverride(files, device.address),
  uses: [
    ...displayUses(files, device),
    ...networkUses(files, device),
    ...storageUses(files, device, (node) => isClaimed(path.join(root, node))),
    ...inputUses(files, device),
  ],
});

/** The devices that were named, and what is known of them and their groups. */
export interface NamedDevices {
  readonly addresses: readonly string[];
  readonly facts: BindingFacts;
}

/**
 * Reads what binding the named devices rests on: their groups with all members, who holds them, what the host uses them for. It
 * changes nothing.
 * @param words addresses, parts of addresses, or sysfs paths
 * @param root folder that stands for `/`
 * @throws NO_SUCH_DEVICE, VALUE_INVALID
 */
export const readBindingFacts = (words: readonly string[], root = '/'): NamedDevices => {
  const files = createSystemFiles(root);
  const addresses = selectDevices(words, files.names('/sys/bus/pci/devices'), (folder) => files.realPath(folder));
  const host = readHostFacts({ devices: addresses, fds: [], holders: true, names: true, enabledVfs: true }, root);
  return {
    addresses,
    facts: {
      host,
      states: new Map(host.devices.map((device) => [device.address, readState(files, root, device)])),
      drivers: new Set(files.names('/sys/bus/pci/drivers')),
    },
  };
};
