import type { GroupFacts, MediatedDeviceFacts, PciDeviceFacts } from './model.ts';
import { readGroup } from './read-group.ts';
import { isUuid, mediatedDeviceFolder, readMediatedDevice } from './read-mediated-device.ts';
import { isPciAddress, pciDeviceFolder, readPciDevice, type DeviceDetail } from './read-pci-device.ts';
import type { SystemFiles } from './system-files.ts';

export interface WantedDevices {
  /** By whoever asks: a name nobody has is left out. */
  readonly named: readonly string[];
  /** By sysfs: one that cannot be read has been removed in between. */
  readonly listed: readonly string[];
  readonly groups: readonly number[];
  readonly detail: DeviceDetail;
  /** Told once of each device that sysfs listed and that was gone when it was read. */
  readonly onVanished: (name: string) => void;
}

export interface DevicesAndGroups {
  readonly pci: readonly PciDeviceFacts[];
  readonly mediated: readonly MediatedDeviceFacts[];
  readonly groups: readonly GroupFacts[];
}

type Grouped = { readonly group: number | null };

const byText =
  <T>(key: (entry: T) => string) =>
  (a: T, b: T): number =>
    key(a) < key(b) ? -1 : 1;

/** One walk over devices and groups, each read once. */
class Walk {
  readonly #files: SystemFiles;
  readonly #detail: DeviceDetail;
  readonly #onVanished: (name: string) => void;
  readonly #waiting: string[];
  readonly #listed: Set<string>;
  readonly #seen = new Set<string>();
  readonly #pci = new Map<string, PciDeviceFacts>();
  readonly #mediated = new Map<string, MediatedDeviceFacts>();
  readonly #groups = new Map<number, GroupFacts>();

  constructor(files: SystemFiles, { named, listed, detail, onVanished }: WantedDevices) {
    this.#files = files;
    this.#detail = detail;
    this.#onVanished = onVanished;
    this.#listed = new Set(listed);
    this.#waiting = [...named, ...listed];
  }

  visitGroup(id: number | null): void {
    if (id === null || this.#groups.has(id)) return;
    const group = readGroup(this.#files, id, this.#detail.inventory);
    if (group === undefined) return;
    this.#groups.set(id, group.facts);
    for (const name of group.members) this.#list(name);
  }

  visitDevices(): void {
    for (let name = this.#waiting.pop(); name !== undefined; name = this.#waiting.pop()) {
      if (this.#seen.has(name)) continue;
      this.#seen.add(name);
      if (isPciAddress(name)) this.#visitPci(name);
      else if (isUuid(name)) this.#visitMediated(name);
    }
  }

  /** What was read, without what went away afterwards: VFs go with their physical function. */
  result(): DevicesAndGroups {
    const pci = [...this.#pci.values()].filter((device) => this.#isThere(device.address, pciDeviceFolder(device.address), device));
    const addresses = new Set(pci.map(({ address }) => address));
    const complete = pci.filter(({ address, physicalFunction }) => {
      const orphan = physicalFunction !== undefined && !addresses.has(physicalFunction);
      if (orphan) this.#onVanished(address);
      return !orphan;
    });
    const mediated = [...this.#mediated.values()].filter((device) =>
      this.#isThere(device.uuid, mediatedDeviceFolder(device.uuid), device),
    );
    return {
      pci: complete.map((device) => this.#withKnownGroup(device)).toSorted(byText(({ address }) => address)),
      mediated: mediated.map((device) => this.#withKnownGroup(device)).toSorted(byText(({ uuid }) => uuid)),
      groups: [...this.#groups.values()].toSorted((a, b) => a.id - b.id),
    };
  }

  #list(name: string): void {
    this.#listed.add(name);
    this.#waiting.push(name);
  }

  #missed(name: string): void {
    if (this.#listed.has(name)) this.#onVanished(name);
  }

  #visitPci(address: string): void {
    const device = readPciDevice(this.#files, address, this.#detail);
    if (device === undefined) {
      this.#missed(address);
      return;
    }
    this.#pci.set(address, device);
    this.visitGroup(device.group);
    if (device.physicalFunction !== undefined) this.#list(device.physicalFunction);
  }

  #visitMediated(uuid: string): void {
    const device = readMediatedDevice(this.#files, uuid);
    if (device === undefined) {
      this.#missed(uuid);
      return;
    }
    this.#mediated.set(uuid, device);
    this.visitGroup(device.group);
  }

  /** A group that cannot be read is hidden from this process, or went with its device: then the device is gone too. */
  #isThere(name: string, folder: string, { group }: Grouped): boolean {
    if (group === null || this.#groups.has(group) || this.#files.exists(folder)) return true;
    this.#onVanished(name);
    return false;
  }

  #withKnownGroup<D extends Grouped>(device: D): D {
    return device.group === null || this.#groups.has(device.group) ? device : { ...device, group: null };
  }
}

/**
 * Reads devices and what they hang together with: all members of their groups, and the physical functions of VFs with their groups. What
 * went away meanwhile is left out and told.
 */
export const readDevices = (files: SystemFiles, wanted: WantedDevices): DevicesAndGroups => {
  const walk = new Walk(files, wanted);
  for (const id of wanted.groups) walk.visitGroup(id);
  walk.visitDevices();
  return walk.result();
};
