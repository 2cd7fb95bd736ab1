import type { GroupFacts, HostModel, IommuFacts, MediatedDeviceFacts, NodeFacts, PciDeviceFacts } from '../host/model.ts';
import { blocksViability } from '../host/query.ts';
import { completeNodes } from '../host/stock-nodes.ts';

/** A host model with the look-ups that planning makes many times, made once. */
export class HostIndex {
  readonly model: HostModel;
  #stockNodes: ReadonlyMap<string, NodeFacts> | undefined;
  readonly #devices: ReadonlyMap<string, PciDeviceFacts>;
  readonly #groups: ReadonlyMap<number, GroupFacts>;
  readonly #members = new Map<number, PciDeviceFacts[]>();
  readonly #iommus: ReadonlyMap<string, IommuFacts>;

  constructor(model: HostModel) {
    this.model = model;
    this.#devices = new Map(model.devices.map((device) => [device.address, device]));
    this.#groups = new Map(model.groups.map((group) => [group.id, group]));
    this.#iommus = new Map(model.iommus.map((iommu) => [iommu.name, iommu]));
    for (const device of model.devices) {
      if (device.group !== null) {
        const members = this.#members.get(device.group) ?? [];
        members.push(device);
        this.#members.set(device.group, members);
      }
    }
  }

  /** A device node by its path; see `completeNodes`. Of a host that was read the model has them all. */
  node(path: string): NodeFacts | undefined {
    const { nodes: own = {} } = this.model;
    if (Object.hasOwn(own, path)) {
      return own[path] ?? undefined;
    }
    this.#stockNodes ??= completeNodes(this.model);
    return this.#stockNodes.get(path);
  }

  /** The process that holds a node, as far as somebody has looked. */
  holder(path: string): NodeFacts['heldBy'] {
    const { nodes: own = {} } = this.model;
    return Object.hasOwn(own, path) ? own[path]?.heldBy : undefined;
  }

  device(address: string): PciDeviceFacts | undefined {
    return this.#devices.get(address);
  }

  mediated(uuid: string): MediatedDeviceFacts | undefined {
    return this.model.mediatedDevices?.find((device) => device.uuid === uuid);
  }

  group(id: number): GroupFacts | undefined {
    return this.#groups.get(id);
  }

  members(group: number): readonly PciDeviceFacts[] {
    return this.#members.get(group) ?? [];
  }

  /** Members on host drivers that keep the group from being owned by VFIO. */
  blockers(group: number): readonly PciDeviceFacts[] {
    return this.members(group).filter(blocksViability);
  }

  iommu(group: number): IommuFacts | undefined {
    const name = this.#groups.get(group)?.iommu;
    return name === undefined ? undefined : this.#iommus.get(name);
  }
}

const indexes = new WeakMap<HostModel, HostIndex>();

/** The index of a model, made once: a list of devices plans each of them on the same host. */
export const indexHost = (model: HostModel): HostIndex => {
  const known = indexes.get(model);
  if (known !== undefined) {
    return known;
  }
  const index = new HostIndex(model);
  indexes.set(model, index);
  return index;
};
