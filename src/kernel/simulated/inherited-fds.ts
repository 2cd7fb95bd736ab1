import type { FdFacts } from '../../host/model.ts';
import { CONTAINER_NODE, IOMMUFD_NODE } from '../../host/stock-nodes.ts';
import { cdevNodePath, groupNodePath } from '../../host/query.ts';
import type { FileKind } from '../kernel.ts';
import type { Inode, OpenFile } from './files.ts';
import type { FileSystem } from './nodes.ts';
import { PageStore } from './page-store.ts';
import type { World } from './world.ts';

const OWN_KINDS: Readonly<Partial<Record<FdFacts['kind'], FileKind>>> = {
  socket: 'socket',
  pipe: 'fifo',
  directory: 'directory',
  character: 'character',
  kvm: 'character',
  eventfd: 'anonymous',
  eventpoll: 'anonymous',
};

const inode = (kind: FileKind, device = ''): Inode => ({ kind, mode: 0o600, uid: 0, gid: 0, device });

const pathOf = ({ model }: World, { kind, address, group }: FdFacts): string | undefined => {
  switch (kind) {
    case 'iommufd':
      return IOMMUFD_NODE;
    case 'vfio-container':
      return CONTAINER_NODE;
    case 'vfio-group':
      return group === undefined ? undefined : groupNodePath(group);
    case 'vfio-cdev': {
      const owner =
        model.devices.find((device) => device.address === address) ?? model.mediatedDevices?.find(({ uuid }) => uuid === address);
      return owner?.cdev ? cdevNodePath(owner.cdev.name) : undefined;
    }
    default:
      return undefined;
  }
};

const inherited = (world: World, files: FileSystem, facts: FdFacts): OpenFile => {
  const path = pathOf(world, facts);
  const node = path === undefined ? undefined : files.nodes.get(path);
  if (path !== undefined && node !== undefined) {
    const file = files.openNode(path, node);
    if (file.kind === 'iommufd' && facts.rlimitMode !== undefined) file.context.account = facts.rlimitMode;
    return file;
  }
  if (facts.kind === 'memfd' || facts.kind === 'regular') {
    return { kind: 'data', inode: inode('regular'), store: new PageStore(0), isMemfd: facts.kind === 'memfd' };
  }
  return { kind: 'other', inode: inode(OWN_KINDS[facts.kind] ?? 'anonymous', facts.device) };
};

/** Opens what the model says the process was started with. */
export const inheritFds = (world: World, files: FileSystem): void => {
  for (const [number, facts] of Object.entries(world.model.fds ?? {})) {
    if (facts.kind !== 'closed') world.fds.inherit(Number(number), inherited(world, files, facts));
  }
};
