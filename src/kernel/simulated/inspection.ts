import { asSystemCall, errno } from './errno-exception.ts';
import { dmaRead, dmaWrite } from './dma.ts';
import { releaseFile, type OpenFile } from './files.ts';
import { IommufdContext } from './iommufd-context.ts';
import type { MemlockUsage } from './memlock.ts';
import type { FileSystem } from './nodes.ts';
import type { VfioDevice } from './vfio-device.ts';
import type { World } from './world.ts';

/** What tests can see and do that a process on a real kernel cannot. */
export interface Inspection {
  /** Descriptors that are open, those the process was started with included. */
  openFds(): number;
  /** Locked and pinned bytes, by who they are charged to. */
  memlockUsage(): MemlockUsage;
  /** What is still there of what was opened, mapped, pinned or owned since the start; empty after a clean end. */
  leftovers(): readonly string[];
  /** DMA of a device, by PCI address or UUID. @returns false when its IOMMU faults */
  dmaRead(device: string, iova: bigint, into: Uint8Array): boolean;
  dmaWrite(device: string, iova: bigint, from: Uint8Array): boolean;
  /** How often a device was reset, by itself or with its bus. */
  resetCount(device: string): number;
  /** Takes a device out of the machine: its fds are of no use from then on. */
  removeDevice(device: string): void;
  /** Another process opens a node; a cdev it binds as well, so that the device is busy. @returns what closes it again */
  openElsewhere(path: string): () => void;
}

const deviceOf = ({ devices }: World, name: string): VfioDevice => {
  const device = devices.get(name);
  if (device === undefined) throw new RangeError(`vfio does not have ${name} in this simulation`);
  return device;
};

/** What another process does with a node that it holds. */
const useElsewhere = (world: World, file: OpenFile): void => {
  if (file.kind !== 'cdev') return;
  const context = new IommufdContext(world, 'user');
  file.device.openFromCdev(context);
  file.bound = true;
  // From now on the device alone keeps the other process's iommufd.
  context.put();
};

const openElsewhere = (world: World, files: FileSystem, path: string): (() => void) => {
  const file = asSystemCall('open', path, () => {
    const node = files.nodes.get(path);
    if (node === undefined) throw errno('ENOENT');
    const opened = files.openNode(path, node);
    useElsewhere(world, opened);
    return opened;
  });
  return () => releaseFile(file);
};

/** Opens the nodes that the model says another process holds; nobody else's hold on a container or an iommufd can be felt. */
export const holdNodes = (world: World, files: FileSystem): void => {
  for (const [path, { heldBy }] of files.nodes) {
    // Who has no iommufd cannot have bound a cdev, and a group is taken by whoever has it open.
    const isTaken = heldBy !== undefined && (heldBy.hasIommufd !== false || !path.startsWith('/dev/vfio/devices/'));
    if (isTaken && /^\/dev\/vfio\/(?:\d+|devices\/.+)$/.test(path)) openElsewhere(world, files, path);
  }
};

const describeFile = (fd: number, file: OpenFile): string => {
  switch (file.kind) {
    case 'group':
      return `fd ${fd}: group ${file.group.id}`;
    case 'device':
    case 'cdev':
      return `fd ${fd}: ${file.kind} ${file.device.name}`;
    case 'iommufd':
      return `fd ${fd}: iommufd with ${file.context.objects.size} objects`;
    case 'container':
      return `fd ${fd}: container with ${file.container.type1?.maps.size ?? 0} mappings`;
    case 'data':
    case 'other':
      return `fd ${fd}: ${file.inode.kind}`;
  }
};

const list = ({ fds, groups, devices, memlock, memory }: World): readonly string[] => {
  const { process, user, pinned } = memlock.usage;
  return [
    ...[...fds.entries()].map(([fd, file]) => describeFile(fd, file)),
    ...[...groups.values()].filter(({ isOpen }) => isOpen).map(({ id }) => `group ${id} is open`),
    ...[...groups.values()].flatMap(({ id, iommuGroup }) => (iommuGroup?.isOwned ? [`group ${id} is owned`] : [])),
    ...[...devices.values()].filter(({ isOpen }) => isOpen).map(({ name }) => `device ${name} is open`),
    ...Object.entries({ process, user, pinned })
      .filter(([, bytes]) => bytes > 0n)
      .map(([owner, bytes]) => `${bytes} bytes locked (${owner})`),
    ...memory.mapped().map(({ address, length }) => `${length} bytes mapped at 0x${address.toString(16)}`),
  ];
};

export const createInspection = (world: World, files: FileSystem): Inspection => {
  const atStart = new Set(list(world));
  return {
    openFds: () => world.fds.count,
    memlockUsage: () => world.memlock.usage,
    leftovers: () => list(world).filter((entry) => !atStart.has(entry)),
    dmaRead: (device, iova, into) => dmaRead(deviceOf(world, device).translation, iova, into),
    dmaWrite: (device, iova, from) => dmaWrite(deviceOf(world, device).translation, iova, from),
    resetCount: (device) => deviceOf(world, device).resets,
    removeDevice: (name) => {
      const device = deviceOf(world, name);
      device.isRemoved = true;
      device.group.devices.delete(device);
      world.devices.delete(name);
      files.removeNodes(device);
    },
    openElsewhere: (path) => openElsewhere(world, files, path),
  };
};
