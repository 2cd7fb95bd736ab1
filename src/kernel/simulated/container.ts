import { Type1 } from './type1.ts';
import type { VfioGroup } from './vfio-group.ts';
import type { World } from './world.ts';

/** The kernel's struct vfio_container (drivers/vfio/container.c). Its groups keep it when its fd is closed. */
export class Container {
  readonly groups = new Set<VfioGroup>();
  /** Null until VFIO_SET_IOMMU, and again when the last group has left. */
  type1: Type1 | null = null;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /**
   * VFIO_SET_IOMMU, for a type that the caller has found to be supported.
   * @throws ErrnoException what attaching the groups answers; the container stays as it was
   */
  setIommu(version: 1 | 2): void {
    const type1 = new Type1(this.#world, version);
    const attached: VfioGroup[] = [];
    try {
      for (const group of this.groups) {
        type1.attach(group);
        attached.push(group);
      }
    } catch (error) {
      for (const group of attached) type1.detach(group);
      throw error;
    }
    this.type1 = type1;
  }

  /** @throws ErrnoException what type1 answers, if there is an IOMMU already */
  addGroup(group: VfioGroup): void {
    this.type1?.attach(group);
    this.groups.add(group);
  }

  /** The last group takes the IOMMU and all mappings with it. */
  removeGroup(group: VfioGroup): void {
    this.type1?.detach(group);
    this.groups.delete(group);
    group.iommuGroup?.release();
    if (this.groups.size > 0) return;
    this.type1?.unmapAll();
    this.type1 = null;
  }
}
