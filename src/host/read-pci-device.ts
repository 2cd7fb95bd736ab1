import type { CdevFacts, PciDeviceFacts } from './model.ts';
import type { SystemFiles } from './system-files.ts';

const PCI_ADDRESS = /^[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/;
const BAR_COUNT = 6;

export const isPciAddress = (text: string): boolean => PCI_ADDRESS.test(text);

export const pciDeviceFolder = (address: string): string => `/sys/bus/pci/devices/${address}`;

const withoutPrefix = (hexadecimal: string): string => hexadecimal.replace(/^0x/, '');

/**
 * The cdev of a device by its sysfs folder. The `vfio-dev` folder alone does not mean there is one: without CONFIG_VFIO_DEVICE_CDEV it is
 * there too, only without a `dev` file.
 */
export const readCdev = (files: SystemFiles, folder: string): CdevFacts | null => {
  for (const name of files.names(`${folder}/vfio-dev`)) {
    const device = files.text(`${folder}/vfio-dev/${name}/dev`);
    if (device !== undefined) return { name, device };
  }
  return null;
};

/** The group a device is in, from its link; null without IOMMU. */
export const readGroupNumber = (files: SystemFiles, folder: string): number | null => {
  const name = files.linkName(`${folder}/iommu_group`);
  return name === undefined ? null : Number(name);
};

/** BARs with a size, from lines of `start end flags` (Documentation/PCI/sysfs-pci.rst); the upper half of a 64-bit BAR is an empty line. */
const parseBars = (resource: string): { index: number; size: string }[] =>
  resource
    .split('\n')
    .slice(0, BAR_COUNT)
    .flatMap((line, index) => {
      const [start, end] = line.split(' ');
      if (start === undefined || end === undefined || BigInt(end) === 0n) return [];
      return [{ index, size: `0x${(BigInt(end) - BigInt(start) + 1n).toString(16)}` }];
    });

const readNumber = (files: SystemFiles, file: string): number | undefined => {
  const text = files.text(file);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
};

/** The bridge above is the parent folder of the device; on a root bus that is the host bridge's `pci0000:00`. */
const readBridge = (files: SystemFiles, folder: string): string | null | undefined => {
  const parent = files.realPath(folder)?.split('/').at(-2);
  if (parent === undefined) return undefined;
  return isPciAddress(parent) ? parent : null;
};

/**
 * Reads one PCI device from /sys/bus/pci/devices.
 * @param address full PCI address
 * @returns undefined when there is no such device, or it went away while it was being read
 */
export const readPciDevice = (files: SystemFiles, address: string): PciDeviceFacts | undefined => {
  const folder = pciDeviceFolder(address);
  const attribute = (name: string): string | undefined => files.text(`${folder}/${name}`);
  const [vendor, device, pciClass] = [attribute('vendor'), attribute('device'), attribute('class')];
  if (vendor === undefined || device === undefined || pciClass === undefined) return undefined;

  const numaNode = readNumber(files, `${folder}/numa_node`);
  const physicalFunction = files.linkName(`${folder}/physfn`);
  const enabledVfs = readNumber(files, `${folder}/sriov_numvfs`);
  const bridge = readBridge(files, folder);
  const bars = parseBars(attribute('resource') ?? '');
  const facts: PciDeviceFacts = {
    address,
    vendor: withoutPrefix(vendor),
    device: withoutPrefix(device),
    class: withoutPrefix(pciClass),
    driver: files.linkName(`${folder}/driver`) ?? null,
    group: readGroupNumber(files, folder),
    resetMethods: (attribute('reset_method') ?? '').split(' ').filter((method) => method !== ''),
    cdev: readCdev(files, folder),
    ...(numaNode !== undefined && { numaNode }),
    ...(physicalFunction !== undefined && { physicalFunction }),
    ...(enabledVfs !== undefined && { enabledVfs }),
    ...(bridge !== undefined && { bridge }),
    ...(bars.length > 0 && { bars }),
  };
  return files.exists(folder) ? facts : undefined;
};
