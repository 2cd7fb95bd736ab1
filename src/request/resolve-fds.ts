import { withLocationAsync } from '../errors/problem.ts';
import { isFdReference, type OpenFdReference } from '../kernel/fd-reference.ts';
import type { OwnedFd } from '../kernel/owned-fd.ts';
import type { PropertyValues } from '../objects/property.ts';
import type { LaunchRequest } from './request.ts';

/** A request in which every `fd=` is a number. */
export interface ResolvedRequest {
  readonly request: LaunchRequest;
  /** By the QOM path of the object or device that uses it. What was borrowed is among them. */
  readonly fds: ReadonlyMap<string, OwnedFd>;
}

interface Owner {
  readonly location: string;
  readonly values: PropertyValues;
}

const referenceOf = ({ values }: Owner): string | undefined => {
  const text = values.get('fd');
  return typeof text === 'string' && isFdReference(text) ? text : undefined;
};

class Resolver {
  readonly fds = new Map<string, OwnedFd>();
  readonly #open: OpenFdReference;

  constructor(open: OpenFdReference) {
    this.#open = open;
  }

  /** The same with a number for `fd=`. */
  async resolve<T extends Owner>(path: string, owner: T): Promise<T> {
    const reference = referenceOf(owner);
    if (reference === undefined) return owner;
    const fd = await withLocationAsync(owner.location, () => this.#open(reference));
    this.fds.set(path, fd);
    return { ...owner, values: new Map(owner.values).set('fd', String(fd.number)) };
  }

  closeAll(): void {
    for (const fd of this.fds.values()) fd.close();
  }
}

/** The numbers that `fd=` of objects and devices names: what is opened meanwhile must not get one of them. */
export const namedFdNumbers = ({ objects, devices }: LaunchRequest): ReadonlySet<number> => {
  const owners: readonly Owner[] = [...objects, ...devices.map(({ spec }) => spec)];
  const texts = owners.map(({ values }) => values.get('fd')).filter((text) => typeof text === 'string');
  return new Set(texts.map(Number));
};

/**
 * Opens what `fd=@NAME`, `fd=unix:PATH` and `fd=/dev/fdset/N` stand for, objects first and each kind in command-line order.
 * @throws VmattachError located at the option; what was opened is closed then
 */
export const resolveFds = async (request: LaunchRequest, open: OpenFdReference): Promise<ResolvedRequest> => {
  const resolver = new Resolver(open);
  try {
    const objects = new Map<string, LaunchRequest['objects'][number]>();
    for (const object of request.objects) objects.set(object.id, await resolver.resolve(`/objects/${object.id}`, object));
    const devices: LaunchRequest['devices'][number][] = [];
    for (const device of request.devices) {
      const object = device.object === undefined ? undefined : objects.get(device.object.id);
      devices.push({ ...device, object, spec: await resolver.resolve(device.path, device.spec) });
    }
    return { request: { ...request, objects: [...objects.values()], devices }, fds: resolver.fds };
  } catch (error) {
    resolver.closeAll();
    throw error;
  }
};
