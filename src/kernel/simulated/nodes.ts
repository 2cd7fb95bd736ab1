import { canOpen } from '../../host/can-open.ts';
import type { HostModel, NodeFacts } from '../../host/model.ts';
import { cdevNodePath, groupNodePath } from '../../host/query.ts';
import { CONTAINER_NODE, IOMMUFD_NODE, stockNodes } from '../../host/stock-nodes.ts';
import type { OpenFlags } from '../kernel.ts';
import { Container } from './container.ts';
import { check, errno } from './errno-exception.ts';
import type { DataFile, Inode, OpenFile } from './files.ts';
import { IommufdContext } from './iommufd-context.ts';
import { PageStore } from './page-store.ts';
import type { VfioDevice } from './vfio-device.ts';
import type { World } from './world.ts';

const NULL_NODE: NodeFacts = { device: '1:3', mode: '0666', uid: 0, gid: 0 };
const DIRECTORIES: ReadonlySet<string> = new Set([
  '/',
  '/dev',
  '/dev/vfio',
  '/dev/vfio/devices',
  '/dev/shm',
  '/dev/hugepages',
  '/tmp',
]);

const inodeOf = ({ device, mode, uid, gid }: NodeFacts): Inode => ({
  kind: 'character',
  mode: Number.parseInt(mode, 8),
  uid,
  gid,
  device,
});

const cdevNames = (model: HostModel): ReadonlyMap<string, string> =>
  new Map(
    [
      ...model.devices.map(({ address, cdev }) => ({ name: address, cdev })),
      ...(model.mediatedDevices ?? []).map(({ uuid, cdev }) => ({ name: uuid, cdev })),
    ].flatMap(({ name, cdev }) => (cdev === null ? [] : [[cdev.name, name] as const])),
  );

/** The files of the simulated machine: the device nodes of its model, and regular files that this process makes itself. */
export class FileSystem {
  readonly #nodes: Map<string, NodeFacts>;
  readonly #world: World;
  readonly #deviceOfCdev: ReadonlyMap<string, string>;
  readonly #regular = new Map<string, DataFile>();

  constructor(world: World) {
    this.#world = world;
    this.#nodes = new Map(Object.entries({ '/dev/null': NULL_NODE, ...stockNodes(world.model) }));
    this.#deviceOfCdev = cdevNames(world.model);
  }

  get nodes(): ReadonlyMap<string, NodeFacts> {
    return this.#nodes;
  }

  /** The node of a device that is taken out goes with it, and that of its group if it was the last. */
  removeNodes({ name, group }: VfioDevice): void {
    for (const [cdev, owner] of this.#deviceOfCdev) if (owner === name) this.#nodes.delete(cdevNodePath(cdev));
    if (group.devices.size === 0) this.#nodes.delete(groupNodePath(group.id));
  }

  /** open(2). @throws ErrnoException ENOENT, EACCES, EPERM, EISDIR, and what the driver behind the node answers */
  open(path: string, flags: OpenFlags = {}): OpenFile {
    const node = this.#nodes.get(path);
    if (node === undefined) return this.#openRegular(path, flags);
    const { process } = this.#world.model;
    check(process.uid === 0 || canOpen(node, process).allowed, 'EACCES');
    check(node.deniedByCgroup !== true, 'EPERM');
    return this.openNode(path, node);
  }

  /** A device node, without asking for permission. @throws ErrnoException ENXIO when no driver is behind it */
  openNode(path: string, node: NodeFacts): OpenFile {
    const inode = inodeOf(node);
    if (path === CONTAINER_NODE) return this.#openContainer(inode);
    if (path === IOMMUFD_NODE) return { kind: 'iommufd', inode, context: new IommufdContext(this.#world, 'user') };
    const groupId = /^\/dev\/vfio\/(\d+)$/.exec(path)?.[1];
    if (groupId !== undefined) return this.#openGroup(Number(groupId), inode);
    const cdev = /^\/dev\/vfio\/devices\/(.+)$/.exec(path)?.[1];
    if (cdev !== undefined) return { kind: 'cdev', inode, device: this.#deviceBehind(cdev), bound: false };
    return { kind: 'other', inode };
  }

  #openContainer(inode: Inode): OpenFile {
    return this.#world.model.kernel.container === 'iommufd'
      ? { kind: 'iommufd', inode, context: new IommufdContext(this.#world, 'process') }
      : { kind: 'container', inode, container: new Container(this.#world) };
  }

  #openGroup(id: number, inode: Inode): OpenFile {
    const group = this.#world.groups.get(id);
    if (group === undefined) throw errno('ENODEV');
    group.open();
    return { kind: 'group', inode, group };
  }

  #deviceBehind(cdev: string): VfioDevice {
    const device = this.#world.devices.get(this.#deviceOfCdev.get(cdev) ?? '');
    if (device === undefined) throw errno('ENXIO');
    return device;
  }

  /** A host model does not list files and folders, so a file can be made anywhere. */
  #openRegular(path: string, { write = false, create = false, unnamed = false, mode = 0o600 }: OpenFlags): OpenFile {
    if (unnamed) {
      check(DIRECTORIES.has(path), this.#regular.has(path) ? 'ENOTDIR' : 'ENOENT');
      return this.#makeFile(mode);
    }
    if (DIRECTORIES.has(path)) {
      check(!write && !create, 'EISDIR');
      return { kind: 'other', inode: { kind: 'directory', mode: 0o755, uid: 0, gid: 0, device: '' } };
    }
    const present = this.#regular.get(path);
    if (present !== undefined) return present;
    check(create, 'ENOENT');
    const file = this.#makeFile(mode);
    this.#regular.set(path, file);
    return file;
  }

  #makeFile(mode: number): DataFile {
    const { uid, gid } = this.#world.model.process;
    return { kind: 'data', inode: { kind: 'regular', mode, uid, gid, device: '' }, store: new PageStore(0), isMemfd: false };
  }
}
