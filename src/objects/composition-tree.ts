import { failure } from '../errors/problem.ts';

/** One object of the composition tree. */
export interface TreeNode {
  /** Canonical path, e.g. `/objects/iommufd0`. */
  readonly path: string;
  readonly name: string;
  /** QOM type name; containers have type `container`. */
  readonly type: string;
  /** How many attached devices use it right now. An object in use cannot be deleted (QEMU backends/iommufd.c). */
  users: number;
}

/** The containers that exist before any object (QEMU system/vl.c, qemu_create_machine_containers). */
const CONTAINERS = [
  '/',
  '/backend',
  '/chardevs',
  '/machine',
  '/machine/peripheral',
  '/machine/peripheral-anon',
  '/machine/unattached',
  '/objects',
];

export const OBJECTS = '/objects';
export const PERIPHERAL = '/machine/peripheral';
export const PERIPHERAL_ANONYMOUS = '/machine/peripheral-anon';

/**
 * The QOM composition tree: who exists under which path, and which object a link names.
 * Links are resolved through children only. QEMU also walks links there, so an iommufd with id `iommufd` becomes ambiguous
 * for the second device; here it does not.
 */
export class CompositionTree {
  readonly #nodes = new Map<string, TreeNode>();
  /** By last path component, so that a partial path is found without a walk over all nodes. */
  readonly #byName = new Map<string, Set<TreeNode>>();
  #anonymousDevices = 0;

  constructor() {
    for (const path of CONTAINERS) {
      this.#insert(path, 'container');
    }
  }

  #insert(path: string, type: string): TreeNode {
    const node: TreeNode = { path, name: path.slice(path.lastIndexOf('/') + 1), type, users: 0 };
    this.#add(node);
    return node;
  }

  #add(node: TreeNode): void {
    this.#nodes.set(node.path, node);
    const namesakes = this.#byName.get(node.name) ?? new Set();
    this.#byName.set(node.name, namesakes.add(node));
  }

  /** Adds an object under /objects. @throws ID_DUPLICATE when the id is taken; `type` is a property of the container itself. */
  addObject(id: string, type: string): TreeNode {
    const path = `${OBJECTS}/${id}`;
    if (id === 'type' || this.#nodes.has(path)) {
      throw failure('ID_DUPLICATE', `attempt to add duplicate property '${id}' to object (type 'container')`, {
        subject: path,
        cause: id === 'type' ? "the name 'type' belongs to the container itself" : `an object with id '${id}' exists`,
        fixes: ['use another id'],
      });
    }
    return this.#insert(path, type);
  }

  /** Adds a device: by id under peripheral, else under peripheral-anon with a number that is never reused. */
  addDevice(id: string | undefined, type: string): TreeNode {
    if (id === undefined) {
      const path = `${PERIPHERAL_ANONYMOUS}/device[${this.#anonymousDevices}]`;
      this.#anonymousDevices += 1;
      return this.#insert(path, type);
    }
    const path = `${PERIPHERAL}/${id}`;
    if (id === 'type' || this.#nodes.has(path)) {
      throw failure('ID_DUPLICATE', `Duplicate device ID '${id}'`, { subject: path, fixes: ['use another id'] });
    }
    return this.#insert(path, type);
  }

  /** @throws CONFLICT while devices use the object; LINK_NOT_FOUND when there is none */
  removeObject(id: string): void {
    const node = this.#nodes.get(`${OBJECTS}/${id}`);
    if (node === undefined) {
      throw failure('LINK_NOT_FOUND', `object '${id}' not found`);
    }
    if (node.users > 0) {
      throw failure('CONFLICT', `object '${id}' is in use, can not be deleted`, {
        subject: node.path,
        cause: `${node.users} attached device${node.users === 1 ? ' uses' : 's use'} it`,
        fixes: ['unplug these devices first'],
      });
    }
    this.#remove(node);
  }

  /** Puts back what was removed, when the removal did not come about. */
  restore(node: TreeNode): void {
    this.#add(node);
  }

  removeDevice(path: string): void {
    const node = this.#nodes.get(path);
    if (node !== undefined) {
      this.#remove(node);
    }
  }

  #remove(node: TreeNode): void {
    this.#nodes.delete(node.path);
    this.#byName.get(node.name)?.delete(node);
  }

  get(path: string): TreeNode | undefined {
    return this.#nodes.get(path);
  }

  /** Direct children of a path, in creation order. */
  children(path: string): TreeNode[] {
    const prefix = path === '/' ? '/' : `${path}/`;
    return [...this.#nodes.values()].filter(
      (node) => node.path !== path && node.path.startsWith(prefix) && !node.path.slice(prefix.length).includes('/'),
    );
  }

  /**
   * Resolves the value of a link property: an absolute path, or a partial path that must match one object only
   * (QEMU qom/object.c, object_resolve_path_type).
   * @throws LINK_NOT_FOUND, LINK_WRONG_TYPE, CONFLICT (ambiguous) in QEMU's words
   */
  resolveLink(property: string, value: string, targets: readonly string[]): TreeNode {
    const matches = this.match(value);
    const typed = matches.filter((node) => targets.includes(node.type));
    const [found, another] = typed;
    if (another !== undefined) {
      throw failure('CONFLICT', `Path '${value}' does not uniquely identify an object`, {
        cause: `it matches ${typed.map((node) => node.path).join(' and ')}`,
        fixes: [`give the absolute path, e.g. ${property}=${found?.path}`],
      });
    }
    if (found !== undefined) {
      return found;
    }
    throw this.#unresolved(property, value, matches[0], targets);
  }

  /** The objects that an absolute path names, or that a partial path could name. */
  match(value: string): TreeNode[] {
    const wanted = value.split('/').filter((part) => part !== '');
    if (wanted.length === 0) {
      return value === '' ? [] : [...(this.#byName.get('') ?? [])];
    }
    if (value.startsWith('/')) {
      const node = this.#nodes.get(`/${wanted.join('/')}`);
      return node === undefined ? [] : [node];
    }
    const tail = `/${wanted.join('/')}`;
    return [...(this.#byName.get(wanted.at(-1) ?? '') ?? [])].filter((node) => node.path.endsWith(tail));
  }

  #unresolved(property: string, value: string, other: TreeNode | undefined, targets: readonly string[]) {
    const expected = targets[0] ?? 'object';
    if (other !== undefined) {
      return failure('LINK_WRONG_TYPE', `Invalid parameter type for '${property}', expected: ${expected}`, {
        cause: `${other.path} is a ${other.type}`,
        fixes: [`name an object of type ${expected}`],
      });
    }
    const candidates = [...this.#nodes.values()].filter((node) => targets.includes(node.type)).map((node) => node.name);
    return failure('LINK_NOT_FOUND', `Device '${value}' not found`, {
      cause: `no object with id '${value}' exists${candidates.length > 0 ? `; there is ${candidates.join(', ')}` : ''}`,
      fixes: candidates.length > 0 ? [`use ${property}=${candidates[0]}`] : [`add -object ${expected},id=${value}`],
    });
  }
}
