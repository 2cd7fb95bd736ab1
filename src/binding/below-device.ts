import { pciDeviceFolder } from '../host/read-pci-device.ts';
import type { SystemFiles } from '../host/system-files.ts';

/** Something that a class folder of sysfs links to. */
export interface ClassEntry {
  readonly name: string;
  /** Path with all links followed. */
  readonly path: string;
}

/**
 * Entries of a class folder (`/sys/class/net`, `/sys/block`) that live below a PCI device, however many buses lie between: a virtio
 * disk, an auxiliary network function, a stick behind a USB controller.
 */
export const entriesBelow = (files: SystemFiles, classFolder: string, address: string): readonly ClassEntry[] => {
  const device = files.realPath(pciDeviceFolder(address));
  return device === undefined ? [] : classEntries(files, classFolder).filter(({ path }) => path.startsWith(`${device}/`));
};

export const classEntries = (files: SystemFiles, classFolder: string): readonly ClassEntry[] =>
  files.names(classFolder).flatMap((name) => {
    const path = files.realPath(`${classFolder}/${name}`);
    return path === undefined ? [] : [{ name, path }];
  });
