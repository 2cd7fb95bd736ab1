import { isKernelAtLeast } from '../../host/kernel-release.ts';
import type { HostModel } from '../../host/model.ts';
import type { AddressSpace } from './address-space.ts';
import type { FdTable } from './fd-table.ts';
import type { IommuGroup } from './iommu-group.ts';
import type { Memlock } from './memlock.ts';
import type { VfioDevice } from './vfio-device.ts';
import type { VfioGroup } from './vfio-group.ts';

/** Modules that decide on devices whose interrupts are not isolated, each with a parameter of its own. */
export type UnsafeInterruptsModule = 'vfio_iommu_type1' | 'iommufd';

/** Everything of the simulated machine that outlives a single call. Nothing of it is shared between two kernels. */
export interface World {
  readonly model: HostModel;
  readonly memory: AddressSpace;
  readonly memlock: Memlock;
  readonly fds: FdTable;
  readonly iommuGroups: ReadonlyMap<number, IommuGroup>;
  readonly groups: ReadonlyMap<number, VfioGroup>;
  /** By PCI address or UUID; those that vfio has. */
  readonly devices: Map<string, VfioDevice>;
}

export const isAtLeast = (world: World, major: number, minor: number): boolean =>
  isKernelAtLeast(world.model.kernel.release, major, minor);

export const hasCapability = (world: World, capability: string): boolean => world.model.process.capabilities.includes(capability);

/** A boolean module parameter as sysfs shows it: `Y` or `N`. */
export const isParameterSet = (world: World, module: string, parameter: string): boolean =>
  world.model.modules[module]?.parameters?.[parameter] === 'Y';

export const allowsUnsafeInterrupts = (world: World, module: UnsafeInterruptsModule): boolean =>
  isParameterSet(world, module, 'allow_unsafe_interrupts');
