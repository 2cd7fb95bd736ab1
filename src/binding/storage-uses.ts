import type { PciDeviceFacts } from '../host/model.ts';
import { pciDeviceFolder } from '../host/read-pci-device.ts';
import type { SystemFiles } from '../host/system-files.ts';
import { classEntries, entriesBelow } from './below-device.ts';
import type { DeviceUse } from './device-use.ts';

/** A disk or partition, under every name that mounts and swaps use for it. */
interface BlockDevice {
  readonly name: string;
  readonly number: string | undefined;
  readonly nodes: readonly string[];
  /** What stands on it: dm-0, md0. */
  readonly holders: readonly string[];
}

/** Tells whether the kernel has a block device node in exclusive use: by a mount, swap, dm, md or ZFS. */
type IsClaimed = (node: string) => boolean;

const readBlockDevice = (files: SystemFiles, name: string, folder: string): BlockDevice => {
  const mapped = files.text(`${folder}/dm/name`);
  return {
    name,
    number: files.text(`${folder}/dev`),
    nodes: [`/dev/${name}`, ...(mapped === undefined ? [] : [`/dev/mapper/${mapped}`])],
    holders: files.names(`${folder}/holders`),
  };
};

/** A disk with its partitions, which are the folders in it that have a `partition` file. */
const withPartitions = (files: SystemFiles, disk: string): BlockDevice[] => {
  const folder = `/sys/block/${disk}`;
  const partitions = files.names(folder).filter((name) => files.exists(`${folder}/${name}/partition`));
  return [readBlockDevice(files, disk, folder), ...partitions.map((name) => readBlockDevice(files, name, `${folder}/${name}`))];
};

interface Mount {
  readonly number: string;
  readonly point: string;
  readonly sources: readonly string[];
}

/** /proc/self/mountinfo: device number at 2, mount point at 4; after ` - ` type and source (proc_pid_mountinfo(5)). */
const readMounts = (files: SystemFiles): readonly Mount[] =>
  (files.text('/proc/self/mountinfo') ?? '').split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , number, , point] = before.split(' ');
    const source = after.split(' ')[1] ?? '';
    return number === undefined || point === undefined ? [] : [{ number, point, sources: source.split(':') }];
  });

const readSwaps = (files: SystemFiles): ReadonlySet<string> =>
  new Set((files.text('/proc/swaps') ?? '').split('\n').flatMap((line) => line.split(/\s/)[0] ?? []));

/** Block devices that a mounted btrfs lists as its own: only one of them is named as the source of the mount. */
const readBtrfsMembers = (files: SystemFiles): ReadonlySet<string> =>
  new Set(files.names('/sys/fs/btrfs').flatMap((id) => files.names(`/sys/fs/btrfs/${id}/devices`)));

interface Consumers {
  readonly mounts: readonly Mount[];
  readonly swaps: ReadonlySet<string>;
  readonly btrfs: ReadonlySet<string>;
}

const directUse = ({ number, nodes, name }: BlockDevice, { mounts, swaps, btrfs }: Consumers): string | undefined => {
  const mount = mounts.find((one) => one.number === number || one.sources.some((source) => nodes.includes(source)));
  if (mount !== undefined) return `is mounted at ${mount.point}`;
  if (nodes.some((node) => swaps.has(node))) return 'is swap space';
  return btrfs.has(name) ? 'is part of a mounted btrfs' : undefined;
};

/** What a block device is used for, by itself or through what stands on it. */
const useOf = (files: SystemFiles, device: BlockDevice, consumers: Consumers): string | undefined => {
  const direct = directUse(device, consumers);
  if (direct !== undefined) return direct;
  const [holder] = device.holders;
  if (holder === undefined) return undefined;
  const upper = device.holders.map((name) => useOf(files, readBlockDevice(files, name, `/sys/block/${name}`), consumers));
  const found = upper.findIndex((use) => use !== undefined);
  return found === -1 ? `is in use by ${holder}` : `carries ${device.holders[found]}, which ${upper[found]}`;
};

/**
 * Disks below a device. With multipath, a namespace belongs to its NVMe subsystem instead of the controller; the subsystem links to
 * its controllers.
 */
const disksOf = (files: SystemFiles, address: string): readonly string[] => {
  const device = files.realPath(pciDeviceFolder(address));
  const reachesDevice = (subsystem: string): boolean =>
    files.names(subsystem).some((name) => files.realPath(`${subsystem}/${name}`)?.startsWith(`${device}/`) === true);
  const shared = classEntries(files, '/sys/block').filter(
    ({ path }) => path.includes('/nvme-subsystem/') && reachesDevice(path.slice(0, path.lastIndexOf('/'))),
  );
  return [...entriesBelow(files, '/sys/block', address), ...shared].map(({ name }) => name);
};

/** Mounted file systems, swap, and volumes on the disks of the device, whatever bus they are on. */
export const storageUses = (files: SystemFiles, device: PciDeviceFacts, isClaimed: IsClaimed): readonly DeviceUse[] => {
  const disks = disksOf(files, device.address);
  if (disks.length === 0) return [];
  const consumers = { mounts: readMounts(files), swaps: readSwaps(files), btrfs: readBtrfsMembers(files) };
  return disks.flatMap((disk): DeviceUse[] => {
    const uses = withPartitions(files, disk).flatMap((block): DeviceUse[] => {
      const use = useOf(files, block, consumers);
      return use === undefined ? [] : [{ level: 'refuse', what: `${block.name} ${use}` }];
    });
    if (uses.length > 0) return uses;
    return isClaimed(`/dev/${disk}`) ? [{ level: 'refuse', what: `${disk} is in exclusive use (ZFS, or mounted elsewhere)` }] : [];
  });
};
