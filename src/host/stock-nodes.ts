import type { CdevFacts, HostModel, NodeFacts } from './model.ts';
import { cdevNodePath, groupNodePath, isVfioBound } from './query.ts';

export const CONTAINER_NODE = '/dev/vfio/vfio';
export const IOMMUFD_NODE = '/dev/iommu';

const rootNode = (device: string, mode: string): NodeFacts => ({ device, mode, uid: 0, gid: 0 });

const majorOf = (device: string): number => Number.parseInt(device, 10);

/** The part of a model that the nodes of vfio depend on. */
type VfioDevices = Pick<HostModel, 'groups' | 'devices' | 'mediatedDevices'>;

const cdevs = (model: VfioDevices): readonly CdevFacts[] =>
  [...model.devices, ...(model.mediatedDevices ?? [])].flatMap(({ cdev }) => cdev ?? []);

/**
 * A major number for group nodes that no other node of the model has. The kernel takes one from the dynamic range, downwards
 * from 254 (fs/char_dev.c); which one it was is not in the model and matters to nobody.
 */
const unusedMajor = (model: HostModel): number => {
  const nodes = Object.values(model.nodes ?? {}).flatMap((node) => node ?? []);
  const used = new Set([...cdevs(model), ...nodes].map(({ device }) => majorOf(device)));
  let major = 254;
  while (used.has(major)) major -= 1;
  return major;
};

/** The nodes of all groups that VFIO has; those it made for devices without IOMMU are counted on their own. */
const groupPaths = (model: VfioDevices): readonly string[] => {
  const bound = new Set<number | null>();
  for (const device of model.devices) if (isVfioBound(device)) bound.add(device.group);
  for (const device of model.mediatedDevices ?? []) bound.add(device.group);
  let withoutIommu = 0;
  return model.groups
    .filter(({ id }) => bound.has(id))
    .map(({ id, noIommu }) => (noIommu === true ? `/dev/vfio/noiommu-${withoutIommu++}` : groupNodePath(id)));
};

export const cdevNodePaths = (model: VfioDevices): readonly string[] => cdevs(model).map(({ name }) => cdevNodePath(name));

/** The nodes of groups and devices that a stock kernel makes for this host. */
export const vfioNodePaths = (model: VfioDevices): readonly string[] => [...groupPaths(model), ...cdevNodePaths(model)];

/**
 * The device nodes of the host: those a stock kernel and devtmpfs make for it (all root's; misc.c, vfio_main.c, iommufd/main.c), then
 * the model's own `nodes` on top, where null takes one away. The minor of /dev/iommu is dynamic; 10:126 stands in.
 */
export const completeNodes = (model: HostModel): ReadonlyMap<string, NodeFacts> => {
  const own = model.nodes ?? {};
  const nodes = new Map<string, NodeFacts>();
  if (model.kernel.container !== 'none') nodes.set(CONTAINER_NODE, rootNode('10:196', '0666'));
  if (model.kernel.iommufd === true) nodes.set(IOMMUFD_NODE, rootNode('10:126', '0660'));
  const groups = groupPaths(model);
  // Of a host that was read all nodes are known.
  const major = groups.every((path) => Object.hasOwn(own, path)) ? 0 : unusedMajor(model);
  for (const [minor, path] of groups.entries()) nodes.set(path, rootNode(`${major}:${minor}`, '0600'));
  for (const { name, device } of cdevs(model)) nodes.set(cdevNodePath(name), rootNode(device, '0600'));
  for (const [path, node] of Object.entries(own)) {
    if (node === null) nodes.delete(path);
    else nodes.set(path, node);
  }
  return nodes;
};

/** `completeNodes` as a model has them. */
export const stockNodes = (model: HostModel): Record<string, NodeFacts> => Object.fromEntries(completeNodes(model));
