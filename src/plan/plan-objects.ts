import type { IommufdObject } from '../backends/address-space.ts';
import { withLocation, type Problem } from '../errors/problem.ts';
import type { HostModel, ProcessFacts } from '../host/model.ts';
import type { ObjectSpec } from '../objects/object-spec.ts';
import { checkFd } from './check-fds.ts';
import { collect } from './collect.ts';
import { numberedFd } from './numbered-fd.ts';
import type { PlannedFd, PlannedObject } from './plan.ts';

/**
 * Whom an iommufd that is opened here charges. Two machines of one user should not share a budget, so the process where that can
 * be set (CAP_SYS_RESOURCE); with CAP_IPC_LOCK nothing is held against a limit, and the kernel's own mode stays.
 */
const ownAccounting = ({ capabilities }: ProcessFacts, opensItself: boolean): IommufdObject['accounting'] =>
  opensItself && capabilities.includes('CAP_SYS_RESOURCE') && !capabilities.includes('CAP_IPC_LOCK') ? 'process' : 'user';

/** A passed iommufd has the mode that its opener gave it. */
const accountingOf = (fd: number | undefined, host: HostModel, opensItself: boolean): IommufdObject['accounting'] =>
  fd === undefined ? ownAccounting(host.process, opensItself) : (host.fds?.[String(fd)]?.rlimitMode ?? 'user');

/** The object that is made where a device needs an iommufd and names none. `#` cannot start an id, so it clashes with nobody's. */
const automaticIommufd = (host: HostModel, opensItself: boolean): IommufdObject => ({
  id: '#iommufd0',
  path: '/objects/#iommufd0',
  fd: undefined,
  compat: undefined,
  accounting: ownAccounting(host.process, opensItself),
});

const text = (spec: ObjectSpec, name: string): string | undefined => {
  const value = spec.values.get(name);
  return typeof value === 'string' ? value : undefined;
};

const compatOf = (spec: ObjectSpec): IommufdObject['compat'] => {
  const value = text(spec, 'compat');
  return value === 'type1v2' || value === 'type1' ? value : undefined;
};

const isIommufd = (spec: ObjectSpec): boolean => spec.type.name === 'iommufd' || spec.type.name === 'iommu';

/** The number of a passed /dev/iommu. @throws FD_NOT_OPEN */
export const passedFd = (spec: ObjectSpec): number | undefined =>
  withLocation(spec.location, () => {
    const fd = text(spec, 'fd');
    return fd === undefined ? undefined : numberedFd(fd);
  });

export interface PlannedObjects {
  readonly objects: PlannedObject[];
  readonly iommufds: ReadonlyMap<string, IommufdObject>;
  /** For devices that link to none and need one; listed only when it is used. */
  readonly automatic: IommufdObject;
  readonly fds: PlannedFd[];
}

/**
 * The objects in creation order; every passed iommufd is identified.
 * @param opensItself whether /dev/iommu is opened here; an engine that opens it leaves the kernel's own mode
 */
export const planObjects = (
  specs: readonly ObjectSpec[],
  host: HostModel,
  opensItself: boolean,
  problems: Problem[],
): PlannedObjects => {
  const iommufds = new Map<string, IommufdObject>();
  const fds: PlannedFd[] = [];
  const objects = specs.map((spec): PlannedObject => {
    const path = `/objects/${spec.id}`;
    if (!isIommufd(spec)) {
      return { path, id: spec.id, type: spec.type.name, auto: false, iommufd: undefined };
    }
    const fd = collect(problems, path, () => passedFd(spec));
    const iommufd: IommufdObject = {
      id: spec.id,
      path,
      fd,
      compat: compatOf(spec),
      accounting: accountingOf(fd, host, opensItself),
    };
    iommufds.set(path, iommufd);
    if (fd !== undefined) {
      const facts = collect(problems, path, () => withLocation(spec.location, () => checkFd(fd, 'iommufd', host)));
      fds.push({ number: fd, kind: facts?.kind ?? host.fds?.[String(fd)]?.kind ?? 'closed', owner: path });
    }
    return { path, id: spec.id, type: spec.type.name, auto: false, iommufd };
  });
  return { objects, iommufds, automatic: automaticIommufd(host, opensItself), fds };
};
