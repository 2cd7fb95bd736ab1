import type { CdevFacts, PciDeviceFacts, Writable } from './model.ts';
import type { SystemFiles } from './system-files.ts';

const PCI_ADDRESS = /^[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/;
const BAR_COUNT = 6;

export const isPciAddress = (text: string): boolean => PCI_ADDRESS.test(text);

export const pciDeviceFolder = (address: string): string => `/sys/bus/pci/devices/${address}`;

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
  resource.split('\n', BAR_COUNT).flatMap((line, index) => {
    const [start, end] = line.split(' ', 2);
    if (start === undefined || end === undefined || Number(end) === 0) return [];
    return [{ index, size: `0x${(BigInt(end) - BigInt(start) + 1n).toString(16)}` }];
  });

/** What not every device or kernel has is asked for first: a read that fails costs several times as much. */
const readOptional = (files: SystemFiles, file: string): string | undefined => (files.exists(file) ? files.text(file) : undefined);

const readNumber = (files: SystemFiles, file: string): number | undefined => {
  const text = readOptional(files, file);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
};

/** From an entry of a bus to /sys. */
const UP = '../../../';

/** The folder that the entry of a device on its bus links to: the kernel finds what is in there sooner than through the link. */
const ownFolder = (files: SystemFiles, entry: string): string | undefined => {
  const link = files.link(entry);
  return link?.startsWith(UP) === true ? `/sys/${link.slice(UP.length)}` : files.realPath(entry);
};

/** The folder above that of a device: the bridge, or on a root bus the host bridge's `pci0000:00`. */
const parentOf = (folder: string): string => folder.split('/').at(-2) ?? '';

const MODALIAS = /^pci:v0000([0-9A-F]{4})d0000([0-9A-F]{4})sv[0-9A-F]{8}sd[0-9A-F]{8}bc([0-9A-F]{2})sc([0-9A-F]{2})i([0-9A-F]{2})$/;

/** All IDs from one file (drivers/pci/pci-sysfs.c, modalias_show). `uevent` has them too, but reading that may wait for a reset of the device. */
const readIds = (files: SystemFiles, folder: string): Pick<PciDeviceFacts, 'vendor' | 'device' | 'class'> | undefined => {
  const [, vendor, device, ...codes] = MODALIAS.exec(files.text(`${folder}/modalias`) ?? '') ?? [];
  if (vendor === undefined || device === undefined) return undefined;
  return { vendor: vendor.toLowerCase(), device: device.toLowerCase(), class: codes.join('').toLowerCase() };
};

/** Facts about devices that not every launch depends on. */
export interface DeviceDetail {
  /** What only lists of the host's devices tell. */
  readonly inventory: boolean;
  readonly bars: boolean;
  /** Only physical functions have a number of them. */
  readonly enabledVfs: boolean;
}

/**
 * Reads one PCI device from /sys/bus/pci/devices.
 * @param address full PCI address
 * @param detail what to read beyond what every launch depends on
 * @returns undefined when there is no such device, or it went away while it was being read
 */
export const readPciDevice = (files: SystemFiles, address: string, detail: DeviceDetail): PciDeviceFacts | undefined => {
  const folder = ownFolder(files, pciDeviceFolder(address));
  if (folder === undefined) return undefined;
  const parent = parentOf(folder);
  const numaNode = detail.inventory ? readNumber(files, `${folder}/numa_node`) : undefined;
  const physicalFunction = files.exists(`${folder}/physfn`) ? files.linkName(`${folder}/physfn`) : undefined;
  const enabledVfs = detail.enabledVfs ? readNumber(files, `${folder}/sriov_numvfs`) : undefined;
  const bars = detail.bars ? parseBars(files.text(`${folder}/resource`) ?? '') : [];
  const driver = files.linkName(`${folder}/driver`) ?? null;
  const group = readGroupNumber(files, folder);
  const resetMethods = readOptional(files, `${folder}/reset_method`) ?? '';
  const cdev = readCdev(files, folder);
  // The last to be read: while it is there, so was everything before.
  const ids = readIds(files, folder);
  if (ids === undefined) return undefined;
  const facts: Writable<PciDeviceFacts> = {
    address,
    vendor: ids.vendor,
    device: ids.device,
    class: ids.class,
    driver,
    group,
    resetMethods: resetMethods === '' ? [] : resetMethods.split(' ').filter((method) => method !== ''),
    cdev,
    bridge: isPciAddress(parent) ? parent : null,
  };
  if (numaNode !== undefined) facts.numaNode = numaNode;
  if (physicalFunction !== undefined) facts.physicalFunction = physicalFunction;
  if (enabledVfs !== undefined) facts.enabledVfs = enabledVfs;
  if (bars.length > 0) facts.bars = bars;
  return facts;
};
