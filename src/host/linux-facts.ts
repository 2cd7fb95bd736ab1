import path from 'node:path';
import { readDeviceCgroup } from './device-cgroup.ts';
import { findHolders } from './find-holders.ts';
import { identifyFd } from './identify-fd.ts';
import { isRuntimeFd } from './runtime-fds.ts';
import { chargesDeviceMemory } from './kernel-release.ts';
import type { FdFacts, GroupFacts, HostModel, IommuFacts, NodeFacts, NodeHolder, Writable } from './model.ts';
import { createPciNames } from './pci-names.ts';
import { readDevices } from './read-devices.ts';
import { readGroupNumbers } from './read-group.ts';
import { readIommu, readIsolatedMsi } from './read-iommu.ts';
import { readKernel, readModules } from './read-kernel.ts';
import { readMemory } from './read-memory.ts';
import { readProcess } from './read-process.ts';
import { cdevNodePaths, CONTAINER_NODE, IOMMUFD_NODE, vfioNodePaths } from './stock-nodes.ts';
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
  /** All devices are attached by their cdevs: the nodes of their groups matter only where holders are looked for. */
  readonly byCdev?: boolean;
  /** How many VFs devices have enabled: binding and VF tokens depend on it. */
  readonly enabledVfs?: boolean;
  /** What was read before about the kernel, its nodes, this process and IOMMUs, and need not be read again. */
  readonly known?: Pick<HostModel, 'kernel' | 'process' | 'modules' | 'iommus' | 'nodes'>;
  /** Also look up the names of devices; `everything` does so anyway. */
  readonly names?: boolean;
  /** Told of each device that was listed and could not be read: it was removed in between. */
  readonly onVanished?: (name: string) => void;
}

/** The bus name of a requested device: an address, a UUID, or the last part of the folder a sysfs path leads to. */
const busName = (files: SystemFiles, device: string): string => {
  if (!device.includes('/')) return /^[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/.test(device) ? `0000:${device}` : device;
  const [, name] = /^\/sys\/bus\/(?:pci|mdev)\/devices\/([^/.][^/]*)$/.exec(device) ?? [];
  if (name !== undefined) return name;
  return path.basename(files.realPath(path.resolve(device)) ?? device);
};

const readIommus = (
  files: SystemFiles,
  groups: readonly GroupFacts[],
  everything: boolean,
  known: readonly IommuFacts[],
): readonly IommuFacts[] => {
  const used = groups.map((group) => group.iommu).filter((name) => name !== 'unknown');
  const names = [...new Set([...used, ...(everything ? files.names('/sys/class/iommu') : [])])].toSorted();
  const before = known.filter(({ name }) => names.includes(name));
  if (before.length === names.length) return before;
  const isolatedMsi = readIsolatedMsi(files);
  return names.map((name) => readIommu(files, name, isolatedMsi));
};

/** The nodes of the kernel, which everybody may open at the same time; all others are those of groups and devices. */
const SHARED_NODES: readonly string[] = [CONTAINER_NODE, IOMMUFD_NODE];

/** The nodes as they are; null for one that a stock kernel would have made and that is not there. */
const readNodes = (
  files: SystemFiles,
  model: HostModel,
  { holders, known, byCdev }: Pick<FactsRequest, 'holders' | 'known' | 'byCdev'>,
): Record<string, NodeFacts | null> => {
  const exclusive = byCdev === true && holders !== true ? cdevNodePaths(model) : vfioNodePaths(model);
  const held =
    holders === true && exclusive.length > 0 ? findHolders(files, exclusive, process.pid) : new Map<string, NodeHolder>();
  const letsOpen = model.process.deviceCgroup === undefined ? undefined : readDeviceCgroup(files);
  return Object.fromEntries(
    [...SHARED_NODES, ...exclusive].map((node) => {
      const before = SHARED_NODES.includes(node) ? known?.nodes?.[node] : undefined;
      if (before !== undefined) return [node, before];
      const facts = files.node(node);
      if (facts === undefined) return [node, null];
      const heldBy = held.get(node);
      const denied = letsOpen?.(facts.device) === false;
      return [node, { ...facts, ...(heldBy !== undefined && { heldBy }), ...(denied && { deniedByCgroup: true }) }];
    }),
  );
};

/**
 * Reads the facts of this host that planning needs, and no more than `request` asks for. It reads and changes nothing; what cannot be read
 * becomes 'unknown' or is left out. The fds are identified first, while no file of ours is open.
 * @param root folder that stands for `/`
 * @param files how what is below it is read
 */
export const readHostFacts = (request: FactsRequest, root = '/', files: SystemFiles = createSystemFiles(root)): HostModel => {
  const identified = request.fds.map((number) => ({ number, facts: identifyFd(number, root) }));
  const fds = identified.map(({ number, facts }): [string, FdFacts] => [
    String(number),
    isRuntimeFd(number) ? { ...facts, runtime: true } : facts,
  ]);
  const everything = request.everything === true;
  const kernel = request.known?.kernel ?? readKernel(files);
  const requested = request.devices.map((device) => busName(files, device));
  const passed = fds.flatMap(([, { address }]) => (address === undefined ? [] : [address]));
  const devices = readDevices(files, {
    named: [...requested, ...passed],
    listed: everything ? [...files.names('/sys/bus/pci/devices'), ...files.names('/sys/bus/mdev/devices')] : [],
    groups: everything ? readGroupNumbers(files) : [],
    detail: {
      inventory: everything,
      bars: everything || chargesDeviceMemory(kernel.release),
      enabledVfs: everything || request.enabledVfs === true,
    },
    onVanished: request.onVanished ?? (() => undefined),
  });
  const nameOf = everything || request.names === true ? createPciNames(files) : () => undefined;

  const named = devices.pci.map((device) => {
    const name = nameOf(device);
    return name === undefined ? device : { ...device, name };
  });
  const model: Writable<HostModel> = {
    schema: 'vmattach.host/1',
    kernel,
    process: request.known?.process ?? readProcess(files),
    modules: request.known?.modules ?? readModules(files),
    iommus: readIommus(files, devices.groups, everything, request.known?.iommus ?? []),
    groups: devices.groups,
    devices: named,
  };
  if (devices.mediated.length > 0) model.mediatedDevices = devices.mediated;
  if (everything) model.memory = readMemory(files);
  if (fds.length > 0) model.fds = Object.fromEntries(fds);
  model.nodes = readNodes(files, model, request);
  return model;
};
