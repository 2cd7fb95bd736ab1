import type { Binding } from './binding.ts';
import { check, errno } from './errno-exception.ts';
import type { Hwpt } from './hwpt.ts';
import { Ioas } from './ioas.ts';
import type { IommuGroup } from './iommu-group.ts';
import type { World } from './world.ts';

export type IommufdObject = Ioas | Hwpt | Binding;

/** What the devices of one group that are bound here are attached to: always the same page table. */
export interface GroupAttachment {
  readonly iommuGroup: IommuGroup;
  hwpt: Hwpt | null;
  readonly bindings: Set<Binding>;
}

/** The kernel's struct iommufd_ctx (drivers/iommu/iommufd/main.c). Bound devices and groups keep it when its fd is closed. */
export class IommufdContext {
  readonly world: World;
  readonly objects = new Map<number, IommufdObject>();
  readonly attachments = new Map<IommuGroup, GroupAttachment>();
  /** IOMMU_OPTION_RLIMIT_MODE: who the pages of later maps are charged to. */
  account: 'user' | 'process';
  /** The IOAS that VFIO ioctls on this fd work on. */
  vfioIoas: Ioas | null = null;
  #references = 1;

  /** @param account `process` when it was opened as /dev/vfio/vfio */
  constructor(world: World, account: 'user' | 'process') {
    this.world = world;
    this.account = account;
  }

  hold(): void {
    this.#references += 1;
  }

  /** Gives up one reference; with the last one every object goes. */
  put(): void {
    this.#references -= 1;
    if (this.#references > 0) return;
    for (const object of this.objects.values()) if (object.kind === 'ioas') object.unmapAll();
    this.objects.clear();
    this.vfioIoas = null;
  }

  /** Makes an object with the lowest free id, from 1 on. Nothing is left behind when making it fails. */
  add<T extends IommufdObject>(make: (id: number) => T): T {
    let id = 1;
    while (this.objects.has(id)) id += 1;
    const object = make(id);
    this.objects.set(id, object);
    return object;
  }

  remove({ id }: IommufdObject): void {
    this.objects.delete(id);
  }

  /** @throws ErrnoException ENOENT when it is absent or no IOAS */
  ioas(id: number): Ioas {
    const object = this.objects.get(id);
    if (object?.kind !== 'ioas') throw errno('ENOENT');
    return object;
  }

  /** @throws ErrnoException ENOENT when it is absent or no hardware page table */
  hwpt(id: number): Hwpt {
    const object = this.objects.get(id);
    if (object?.kind !== 'hwpt') throw errno('ENOENT');
    return object;
  }

  /** The group of a physical device by the device's id; a mediated device has an access object, which does not count. @throws ErrnoException ENOENT */
  groupOfDevice(id: number): IommuGroup {
    const object = this.objects.get(id);
    if (object?.kind !== 'device' || object.iommuGroup === null) throw errno('ENOENT');
    return object.iommuGroup;
  }

  /** IOMMU_DESTROY. @throws ErrnoException ENOENT, EBUSY while the object is used or belongs to an open device */
  destroy(id: number): void {
    const object = this.objects.get(id);
    if (object === undefined) throw errno('ENOENT');
    check(!object.isUsed, 'EBUSY');
    this.objects.delete(id);
    if (object.kind === 'hwpt') object.ioas.removeDomain(object);
    if (object.kind !== 'ioas') return;
    object.unmapAll();
    if (this.vfioIoas === object) this.vfioIoas = null;
  }

  /** The compat IOAS; a group that comes in makes one if there is none. */
  compatIoas(): Ioas {
    this.vfioIoas ??= this.add((id) => new Ioas(id));
    return this.vfioIoas;
  }

  attachmentOf(iommuGroup: IommuGroup): GroupAttachment {
    const present = this.attachments.get(iommuGroup);
    if (present !== undefined) return present;
    const attachment: GroupAttachment = { iommuGroup, hwpt: null, bindings: new Set() };
    this.attachments.set(iommuGroup, attachment);
    return attachment;
  }
}
