import path from 'node:path';
import type { FdFacts, FdKind } from './model.ts';
import { observeFd, type FdObservation } from './observe-fd.ts';
import { CONTAINER_NODE, IOMMUFD_NODE } from './stock-nodes.ts';
import { createSystemFiles, type SystemFiles } from './system-files.ts';

type Identity = Pick<FdFacts, 'kind' | 'address' | 'group'>;

/** The one misc minor of these that is fixed (linux/miscdevice.h): VFIO_MINOR. */
const CONTAINER_DEVICE = '10:196';

/** Where sysfs puts the class devices that matter, by the end of their path. */
const identifyBySysfs = (devicePath: string): Identity | undefined => {
  const [name = '', parent, grandparent = ''] = devicePath.split('/').toReversed();
  if (parent === 'vfio-dev') return { kind: 'vfio-cdev', address: grandparent };
  if (parent === 'vfio') return { kind: 'vfio-group', ...(/^\d+$/.test(name) && { group: Number(name) }) };
  if (parent !== 'misc') return undefined;
  if (name === 'iommu') return { kind: 'iommufd' };
  if (name === 'vfio') return { kind: 'vfio-container' };
  return name === 'kvm' ? { kind: 'kvm' } : undefined;
};

/**
 * By the device number: the class device that /sys/dev/char/MAJOR:MINOR leads to, or, where sysfs does not show it, a node in /dev of that
 * number. The path an fd was opened by proves nothing and is not used.
 */
const identifyCharacterDevice = (files: SystemFiles, device: string): Identity => {
  const link = files.link(`/sys/dev/char/${device}`);
  if (link !== undefined) return identifyBySysfs(link) ?? { kind: 'character' };
  if (files.node(IOMMUFD_NODE)?.device === device) return { kind: 'iommufd' };
  if (files.node('/dev/kvm')?.device === device) return { kind: 'kvm' };
  const isContainer = device === CONTAINER_DEVICE || files.node(CONTAINER_NODE)?.device === device;
  return { kind: isContainer ? 'vfio-container' : 'character' };
};

/** Files without a node, by the link text the kernel gives them (fs/anon_inodes.c, mm/memfd.c). */
const ANONYMOUS: readonly (readonly [prefix: string, kind: FdKind])[] = [
  ['anon_inode:[eventfd]', 'eventfd'],
  ['anon_inode:[eventpoll]', 'eventpoll'],
  ['anon_inode:', 'other'],
  ['/memfd:', 'memfd'],
];

const KIND_BY_TYPE: Readonly<Record<Exclude<FdObservation['type'], 'character'>, FdKind>> = {
  regular: 'regular',
  directory: 'directory',
  socket: 'socket',
  fifo: 'pipe',
  other: 'other',
};

/** Says what an observed fd is. A vfio device that came from a group is an anonymous file, kind `other`, with its address. */
export const classifyFd = (observation: FdObservation, files: SystemFiles): FdFacts => {
  const { type, device, target = '', vfioPath } = observation;
  const described = { ...(observation.target !== undefined && { target }), ...(device !== undefined && { device }) };
  const address = vfioPath === undefined ? {} : { address: path.basename(vfioPath) };
  if (type === 'character' && device !== undefined) {
    const identity: Identity = vfioPath === undefined ? identifyCharacterDevice(files, device) : { kind: 'vfio-cdev' };
    return { ...identity, ...address, ...described };
  }
  const anonymous = ANONYMOUS.find(([prefix]) => target.startsWith(prefix))?.[1];
  return { kind: anonymous ?? (type === 'character' ? 'character' : KIND_BY_TYPE[type]), ...address, ...described };
};

/**
 * Says what an fd this process was started with is, without opening or changing it. Do this before opening anything that stays open: a
 * number the parent forgot to pass would otherwise show a file of our own.
 * @param root folder below which /sys and /dev are looked up; /proc/self is always this process
 */
export const identifyFd = (number: number, root = '/'): FdFacts => {
  const observation = observeFd(number);
  return observation === undefined ? { kind: 'closed' } : classifyFd(observation, createSystemFiles(root));
};
