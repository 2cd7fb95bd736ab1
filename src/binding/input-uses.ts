import type { PciDeviceFacts } from '../host/model.ts';
import { pciDeviceFolder } from '../host/read-pci-device.ts';
import type { SystemFiles } from '../host/system-files.ts';
import type { DeviceUse } from './device-use.ts';

const field = (block: string, prefix: string): string | undefined =>
  block
    .split('\n')
    .find((line) => line.startsWith(prefix))
    ?.slice(prefix.length);

/** Keyboards behind the device, by /proc/bus/input/devices: blocks of `N: Name=`, `S: Sysfs=`, `H: Handlers=` lines. */
export const inputUses = (files: SystemFiles, device: PciDeviceFacts): readonly DeviceUse[] => {
  const folder = files.realPath(pciDeviceFolder(device.address));
  return (files.text('/proc/bus/input/devices') ?? '').split('\n\n').flatMap((block): DeviceUse[] => {
    const isBelow = folder !== undefined && `/sys${field(block, 'S: Sysfs=') ?? ''}`.startsWith(`${folder}/`);
    const isKeyboard = field(block, 'H: Handlers=')?.split(' ').includes('kbd') === true;
    return isBelow && isKeyboard ? [{ level: 'warn', what: `keyboard ${field(block, 'N: Name=') ?? ''} is connected to it` }] : [];
  });
};
