import type { HostModel, Known, PciDeviceFacts } from '../host/model.ts';
import { cdevNodePath, groupNodePath, isVfioBound, nodeOf } from '../host/query.ts';
import type { NodeFacts } from '../host/model.ts';
import type { DeviceUse } from './device-use.ts';

/** What binding has to know of a device beyond what planning a launch needs. */
export interface DeviceState {
  /** Content of `driver_override`; null when it is empty. */
  readonly override: Known<string | null>;
  readonly uses: readonly DeviceUse[];
}

/** Everything that binding rests on: the named devices with their groups, and how they are used. */
export interface BindingFacts {
  readonly host: HostModel;
  readonly states: ReadonlyMap<string, DeviceState>;
  /** PCI drivers of the running kernel (/sys/bus/pci/drivers). */
  readonly drivers: ReadonlySet<string>;
}

const UNKNOWN_STATE: DeviceState = { override: 'unknown', uses: [] };

export const stateOf = (facts: BindingFacts, address: string): DeviceState => facts.states.get(address) ?? UNKNOWN_STATE;

/** Facts from a host model, which does not say what the host uses a device for. */
export const bindingFactsOfModel = (host: HostModel): BindingFacts => ({
  host,
  states: new Map(),
  // A module of a PCI driver is named after it, with underscores.
  drivers: new Set([
    ...host.devices.flatMap(({ driver }) => driver ?? []),
    ...(host.modules['vfio_pci'] === undefined ? [] : ['vfio-pci']),
  ]),
});

/** The process that has the device open through vfio. */
export const vfioHolder = ({ nodes = {} }: HostModel, device: PciDeviceFacts): NodeFacts['heldBy'] => {
  if (!isVfioBound(device)) return undefined;
  const paths = [
    ...(device.cdev === null ? [] : [cdevNodePath(device.cdev.name)]),
    ...(device.group === null ? [] : [groupNodePath(device.group), `/dev/vfio/noiommu-${device.group}`]),
  ];
  const present = Object.fromEntries(
    Object.entries(nodes).flatMap(([path, node]) => (node === null ? [] : [[path, node] as const])),
  );
  return paths.map((path) => nodeOf(present, path)?.heldBy).find((holder) => holder !== undefined);
};
