import type { TreeNode } from '../objects/composition-tree.ts';
import { CommandError, refused } from './command-error.ts';
import type { MachineHost } from './machine-host.ts';
import { propertiesOf } from './qom-properties.ts';

const notFound = (path: string): CommandError => new CommandError('DeviceNotFound', `Device '${path}' not found`);

const linkTarget = (node: TreeNode, name: string, host: MachineHost): string | undefined => {
  const link = propertiesOf(node, host).find((property) => property.name === name && property.type.startsWith('link<'));
  return typeof link?.value === 'string' && link.value !== '' ? link.value : undefined;
};

/** An absolute path leads through children and links alike (qom/object.c, object_resolve_abs_path). */
const followAbsolute = (path: string, host: MachineHost): TreeNode | undefined => {
  const { tree } = host.machine().plan.request;
  const [found] = tree.match(path);
  const parts = path.split('/').filter((part) => part !== '');
  const name = parts.pop();
  if (found !== undefined || name === undefined) {
    return found;
  }
  const parent = parts.length === 0 ? tree.get('/') : followAbsolute(`/${parts.join('/')}`, host);
  if (parent === undefined) {
    return undefined;
  }
  const child = parent.path === '/' ? `/${name}` : `${parent.path}/${name}`;
  return tree.get(child) ?? tree.get(linkTarget(parent, name, host) ?? '');
};

const candidates = (path: string, host: MachineHost): readonly TreeNode[] => {
  if (path.startsWith('/')) {
    const node = followAbsolute(path, host);
    return node === undefined ? [] : [node];
  }
  return host.machine().plan.request.tree.match(path);
};

/** The object that a path of `qom-list` names. @throws CommandError */
export const listedNode = (path: string, host: MachineHost): TreeNode => {
  const [node, another] = candidates(path, host);
  if (another !== undefined || path === '') {
    throw refused(`Path '${path}' is ambiguous`);
  }
  if (node === undefined) {
    throw notFound(path);
  }
  return node;
};

/** The same for commands to which an ambiguous path is one that leads nowhere. @throws CommandError */
export const nodeAt = (path: string, host: MachineHost): TreeNode => {
  const [node, another] = candidates(path, host);
  if (node === undefined || another !== undefined) {
    throw notFound(path);
  }
  return node;
};
