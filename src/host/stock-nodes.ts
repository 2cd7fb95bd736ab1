import type { CdevFacts, GroupFacts, HostModel, NodeFacts } from './model.ts';
import { cdevNodePath, groupNodePath, isVfioBound } from './query.ts';

export const CONTAINER_NODE = '/dev/vfio/vfio';
export const IOMMUFD_NODE = '/dev/iommu';

const rootNode = (device: string, mode: string): NodeFacts => ({ device, mode, uid: 0, gid: 0 });

const majorOf = (device: string): number => Number.parseInt(device, 10);

/**
 * A major number for group nodes that no other node of the model has. The kernel takes one from the dynamic range, downwards
 * from 254 (fs/char_dev.c); which one it was is not in the model and matters to nobody.
 */
const unusedMajor = (model: HostModel): number => {
  const cdevs = [...model.devices, ...(model.mediatedDevices ?? [])].flatMap(({ cdev }) => (cdev === null ? [] : [cdev.device]));
  const nodes = Object.values(model.nodes ?? {}).flatMap((node) => (node === null ? [] : [node.device]));
  const used = new Set([...cdevs, ...nodes].map(majorOf));
  let major = 254;
  while (used.has(major)) major -= 1;
  return major;
};

const groupNodes = (model: HostModel): (readonly [string, NodeFacts])[] => {
  const bound = new Set<number | null>([
    ...model.devices.filter(isVfioBound).map((device) => device.group),
    ...(model.mediatedDevices ?? []).map((device) => device.group),
  ]);
  const major = unusedMajor(model);
  const path = (group: GroupFacts, index: number): string =>
    group.noIommu === true ? `/dev/vfio/noiommu-${index}` : groupNodePath(group.id);
  const withNode = model.groups.filter((group) => bound.has(group.id));
  const noIommu = withNode.filter((group) => group.noIommu === true);
  return withNode.map((group, minor) => [path(group, noIommu.indexOf(group)), rootNode(`${major}:${minor}`, '0600')]);
};

const cdevNode = (cdev: CdevFacts): readonly [string, NodeFacts] => [cdevNodePath(cdev.name), rootNode(cdev.device, '0600')];

/**
 * The device nodes of the host: those a stock kernel and devtmpfs make for it (all root's; misc.c, vfio_main.c, iommufd/main.c), then
 * the model's own `nodes` on top, where null takes one away. The minor of /dev/iommu is dynamic; 10:126 stands in.
 */
export const stockNodes = (model: HostModel): Record<string, NodeFacts> => {
  const nodes = new Map<string, NodeFacts>();
  if (model.kernel.container !== 'none') nodes.set(CONTAINER_NODE, rootNode('10:196', '0666'));
  if (model.kernel.iommufd === true) nodes.set(IOMMUFD_NODE, rootNode('10:126', '0660'));
  for (const [path, node] of groupNodes(model)) nodes.set(path, node);
  for (const { cdev } of [...model.devices, ...(model.mediatedDevices ?? [])]) {
    if (cdev !== null) nodes.set(...cdevNode(cdev));
  }
  for (const [path, node] of Object.entries(model.nodes ?? {})) {
    if (node === null) nodes.delete(path);
    else nodes.set(path, node);
  }
  return Object.fromEntries(nodes);
};
