import { findHolders } from '../host/find-holders.ts';
import type { PciDeviceFacts } from '../host/model.ts';
import { pciDeviceFolder } from '../host/read-pci-device.ts';
import type { SystemFiles } from '../host/system-files.ts';
import { classEntries } from './below-device.ts';
import type { DeviceUse } from './device-use.ts';

const isDisplay = (pciClass: string | undefined): boolean => pciClass !== undefined && /^(0x)?03/.test(pciClass);

const displayAddresses = (files: SystemFiles): readonly string[] =>
  files.names('/sys/bus/pci/devices').filter((address) => isDisplay(files.text(`${pciDeviceFolder(address)}/class`)));

/** The firmware's boot display (`boot_vga`, drivers/pci/pci-sysfs.c), or the only one. */
const isMainDisplay = (files: SystemFiles, address: string): boolean =>
  files.text(`${pciDeviceFolder(address)}/boot_vga`) === '1' || displayAddresses(files).join() === address;

/** fbcon calls itself `(M) frame buffer device`; `bind` says whether it has the consoles (Documentation/driver-api/console.rst). */
const hasFramebufferConsole = (files: SystemFiles): boolean =>
  files
    .names('/sys/class/vtconsole')
    .some(
      (console) =>
        files.text(`/sys/class/vtconsole/${console}/name`)?.includes('frame buffer device') === true &&
        files.text(`/sys/class/vtconsole/${console}/bind`) === '1',
    );

/** A frame buffer of the device's driver, or the one that the firmware left, which lies in the memory of the boot display. */
const framebuffer = (files: SystemFiles, address: string): string | undefined => {
  const device = files.realPath(pciDeviceFolder(address)) ?? '';
  return classEntries(files, '/sys/class/graphics').find(
    ({ name, path }) => /^fb\d+$/.test(name) && (path.startsWith(`${device}/`) || path.startsWith('/sys/devices/platform/')),
  )?.name;
};

const consoleUse = (files: SystemFiles, address: string): DeviceUse[] => {
  const name = isMainDisplay(files, address) && hasFramebufferConsole(files) ? framebuffer(files, address) : undefined;
  return name === undefined ? [] : [{ level: 'refuse', what: `it shows the console of this host (${name})` }];
};

const nodeUses = (files: SystemFiles, address: string): DeviceUse[] => {
  const nodes = files
    .names(`${pciDeviceFolder(address)}/drm`)
    .filter((name) => /^(card|renderD)\d+$/.test(name))
    .map((name) => `/dev/dri/${name}`);
  if (nodes.length === 0) return [];
  return [...findHolders(files, nodes, process.pid)].map(([node, { pid, command }]) => ({
    level: 'refuse',
    what: `process ${pid} (${command}) has ${node} open`,
  }));
};

/** The console, and processes that draw or compute with it: a driver that is unbound below them hangs or takes them down. */
export const displayUses = (files: SystemFiles, device: PciDeviceFacts): readonly DeviceUse[] =>
  isDisplay(device.class) ? [...consoleUse(files, device.address), ...nodeUses(files, device.address)] : [];
