import path from 'node:path';
import { findHolders } from './find-holders.ts';
import { identifyFd } from './identify-fd.ts';
import { isRuntimeFd } from './is-runtime-fd.ts';
import type { FdFacts, GroupFacts, HostModel, IommuFacts, MediatedDeviceFacts, NodeFacts, PciDeviceFacts } from './model.ts';
import { createPciNames } from './pci-names.ts';
import { readGroup, readGroupMemberNames, readGroupNumbers } from './read-group.ts';
import { readIommu, readIsolatedMsi } from './read-iommu.ts';
import { readKernel, readModules } from './read-kernel.ts';
import { isUuid, readMediatedDevice } from './read-mediated-device.ts';
import { isPciAddress, readPciDevice } from './read-pci-device.ts';
import { readProcess } from './read-process.ts';
import { CONTAINER_NODE, IOMMUFD_NODE, stockNodes } from './stock-nodes.ts';
import { createSystemFiles, type SystemFiles } from './system-files.ts';

export interface FactsRequest {
  /** PCI addresses (the domain may be left out), mdev UUIDs, or sysfs folders of devices. */
  readonly devices: readonly string[];
  /** fds this process was started with. */
  readonly fds: readonly number[];
  /** All devices, groups and IOMMUs of the host, with names: for listing and recording. */
  readonly everything?: boolean;
  /** Also look for processes that hold the nodes: see `findHolders` for the cost. */
  readonly holders?: boolean;
}

/** The bus name of a requested device: an address, a UUID, or the last part of the folder a sysfs path leads to. */
const busName = (files: SystemFiles, device: string): string => {
  if (/^[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/.test(device)) return `0000:${device}`;
  if (!device.includes('/')) return device;
  return path.basename(files.realPath(path.resolve(device)) ?? device);
};

interface Devices {
  readonly pci: readonly PciDeviceFacts[];
  readonly mediated: readonly MediatedDeviceFacts[];
  readonly groups: readonly GroupFacts[];
}

/**
 * Reads the named devices and what they hang together with: all members of their groups, and the physical functions of VFs with their
 * groups. A name nobody has is left out; so is a group that went away, together with what devices say of it.
 */
const readDevices = (files: SystemFiles, names: readonly string[], groupNumbers: readonly number[]): Devices => {
  const pci = new Map<string, PciDeviceFacts>();
  const mediated = new Map<string, MediatedDeviceFacts>();
  const groups = new Map<number, GroupFacts>();
  const waiting = [...names];

  const visitGroup = (id: number | null): void => {
    if (id === null || groups.has(id)) return;
    const group = readGroup(files, id);
    if (group === undefined) return;
    groups.set(id, group);
    waiting.push(...readGroupMemberNames(files, id));
  };

  for (const id of groupNumbers) visitGroup(id);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (pci.has(name) || mediated.has(name)) continue;
    const device = isPciAddress(name) ? readPciDevice(files, name) : undefined;
    if (device !== undefined) {
      pci.set(name, device);
      visitGroup(device.group);
      if (device.physicalFunction !== undefined) waiting.push(device.physicalFunction);
    }
    const mediatedDevice = isUuid(name) ? readMediatedDevice(files, name) : undefined;
    if (mediatedDevice !== undefined) {
      mediated.set(name, mediatedDevice);
      visitGroup(mediatedDevice.group);
    }
  }

  const withKnownGroup = <D extends { readonly group: number | null }>(device: D): D =>
    device.group === null || groups.has(device.group) ? device : { ...device, group: null };
  const byText =
    <T>(key: (entry: T) => string) =>
    (a: T, b: T): number =>
      key(a) < key(b) ? -1 : 1;
  return {
    pci: [...pci.values()].map(withKnownGroup).toSorted(byText((device) => device.address)),
    mediated: [...mediated.values()].map(withKnownGroup).toSorted(byText((device) => device.uuid)),
    groups: [...groups.values()].toSorted((a, b) => a.id - b.id),
  };
};

const readIommus = (files: SystemFiles, groups: readonly GroupFacts[], everything: boolean): IommuFacts[] => {
  const used = groups.map((group) => group.iommu).filter((name) => name !== 'unknown');
  const names = [...new Set([...used, ...(everything ? files.names('/sys/class/iommu') : [])])].toSorted();
  if (names.length === 0) return [];
  const isolatedMsi = readIsolatedMsi(files);
  return names.map((name) => readIommu(files, name, isolatedMsi));
};

/** The nodes as they are; null for one that a stock kernel would have made and that is not there. */
const readNodes = (files: SystemFiles, model: HostModel, holders: boolean): Record<string, NodeFacts | null> => {
  const paths = [...new Set([CONTAINER_NODE, IOMMUFD_NODE, ...Object.keys(stockNodes(model))])];
  const exclusive = paths.filter((node) => node !== CONTAINER_NODE && node !== IOMMUFD_NODE);
  const held = holders ? findHolders(files, exclusive, process.pid) : new Map<string, NonNullable<NodeFacts['heldBy']>>();
  return Object.fromEntries(
    paths.map((node) => {
      const facts = files.node(node);
      const heldBy = held.get(node);
      return [node, facts === undefined ? null : { ...facts, ...(heldBy !== undefined && { heldBy }) }];
    }),
  );
};

/**
 * Reads the facts of this host that planning needs, and no more than `request` asks for. It reads and changes nothing; what cannot be read
 * becomes 'unknown' or is left out. The fds are identified first, while no file of ours is open.
 * @param root folder that stands for `/`
 */
export const readHostFacts = (request: FactsRequest, root = '/'): HostModel => {
  const identified = request.fds.map((number) => ({ number, facts: identifyFd(number, root) }));
  const fds = identified.map(({ number, facts }): [string, FdFacts] => [
    String(number),
    isRuntimeFd(number) ? { ...facts, runtime: true } : facts,
  ]);
  const files = createSystemFiles(root);
  const everything = request.everything === true;
  const requested = request.devices.map((device) => busName(files, device));
  const passed = fds.flatMap(([, { address }]) => (address === undefined ? [] : [address]));
  const all = everything ? [...files.names('/sys/bus/pci/devices'), ...files.names('/sys/bus/mdev/devices')] : [];
  const devices = readDevices(files, [...requested, ...passed, ...all], everything ? readGroupNumbers(files) : []);
  const nameOf = everything ? createPciNames(files) : () => undefined;

  const model: HostModel = {
    schema: 'vmattach.host/1',
    kernel: readKernel(files),
    process: readProcess(files),
    modules: readModules(files),
    iommus: readIommus(files, devices.groups, everything),
    groups: devices.groups,
    devices: devices.pci.map((device) => {
      const name = nameOf(device);
      return name === undefined ? device : { ...device, name };
    }),
    ...(devices.mediated.length > 0 && { mediatedDevices: devices.mediated }),
    ...(fds.length > 0 && { fds: Object.fromEntries(fds) }),
  };
  return { ...model, nodes: readNodes(files, model, request.holders === true) };
};
