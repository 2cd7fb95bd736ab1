import type { RamBlock } from '../backends/ram.ts';
import type { DeviceSpec } from '../devices/device-spec.ts';
import type { CompositionTree } from '../objects/composition-tree.ts';
import type { ObjectSpec } from '../objects/object-spec.ts';

/** What a command line asks for: parsed, typed and linked, with nothing known yet about the host. */
export interface LaunchRequest {
  readonly machine: MachineRequest;
  readonly objects: readonly ObjectSpec[];
  /** Ids of all objects, those of an engine too. */
  readonly objectIds: ReadonlySet<string>;
  readonly devices: readonly LinkedDevice[];
  readonly tree: CompositionTree;
}

export interface MachineRequest {
  /** `bare`, or a machine type of a VMM engine. */
  readonly type: string;
  readonly ram: RamBlock;
}

/** A device with its place in the composition tree and its link resolved. */
export interface LinkedDevice {
  readonly spec: DeviceSpec;
  /** QOM path, e.g. `/machine/peripheral/hostdev0`. */
  readonly path: string;
  /** Slot and function on the bus of the built-in machine. */
  readonly devfn: number | undefined;
  /** The iommufd object that `iommufd=` or `iommu=` names. */
  readonly object: ObjectSpec | undefined;
}

export interface RequestWarning {
  readonly location: string;
  readonly message: string;
  readonly hint: readonly string[];
}
