import type { PciDeviceFacts } from '../../host/model.ts';
import { attachBinding } from './attach.ts';
import { bind, unbind, type Binding } from './binding.ts';
import { check, errno } from './errno-exception.ts';
import type { Translation } from './iommu-group.ts';
import type { IommufdContext } from './iommufd-context.ts';
import type { Region } from './regions.ts';
import type { VfioGroup } from './vfio-group.ts';

export interface VfioDeviceParts {
  /** PCI address, or UUID of a mediated device. */
  readonly name: string;
  readonly group: VfioGroup;
  /** Null for a mediated device. */
  readonly pci: PciDeviceFacts | null;
  readonly regions: readonly Region[];
}

/** The kernel's struct vfio_device: one device that vfio has, however many fds it is open by (drivers/vfio/vfio_main.c). */
export class VfioDevice {
  readonly name: string;
  readonly group: VfioGroup;
  readonly pci: PciDeviceFacts | null;
  readonly regions: readonly Region[];
  binding: Binding | null = null;
  /** The VF token of a physical function, once somebody has set one. */
  token: string | null = null;
  isRemoved = false;
  resets = 0;
  #opens = 0;
  /** On a native container an open device keeps the group's file; on an iommufd the group can be closed and opened again. */
  #holdsGroup = false;

  constructor({ name, group, pci, regions }: VfioDeviceParts) {
    this.name = name;
    this.group = group;
    this.pci = pci;
    this.regions = regions;
  }

  get isOpen(): boolean {
    return this.#opens > 0;
  }

  get canReset(): boolean {
    return this.pci === null || this.pci.resetMethods.length > 0;
  }

  /** Where its DMA goes. */
  get translation(): Translation | null {
    if (this.group.iommuGroup !== null) return this.group.iommuGroup.attached;
    return this.binding?.attached ?? this.group.container?.type1 ?? null;
  }

  /**
   * VFIO_GROUP_GET_DEVICE_FD: the first open binds and attaches where the group is on an iommufd; more opens share it.
   * @throws ErrnoException EINVAL without a container that is ready, and what binding and attaching answer
   */
  openFromGroup(): void {
    const { group } = this;
    check(group.iommufd !== null || (group.container?.type1 ?? null) !== null, 'EINVAL');
    if (!this.isOpen && group.iommufd !== null) this.#bindCompat(group.iommufd);
    if (!this.isOpen && group.iommufd === null) this.#holdGroup();
    this.#opens += 1;
  }

  closeFromGroup(): void {
    this.#opens -= 1;
    if (this.isOpen) return;
    this.#unbind();
    if (this.#holdsGroup) this.group.put();
    this.#holdsGroup = false;
  }

  /** VFIO_DEVICE_BIND_IOMMUFD. @throws ErrnoException EINVAL when another fd has it, and what binding answers */
  openFromCdev(context: IommufdContext): Binding {
    check(!this.isOpen, 'EINVAL');
    this.binding = bind(context, this);
    this.#opens = 1;
    this.group.boundCdevs += 1;
    return this.binding;
  }

  closeFromCdev(): void {
    this.#opens = 0;
    this.group.boundCdevs -= 1;
    this.#unbind();
  }

  #holdGroup(): void {
    this.group.hold();
    this.#holdsGroup = true;
  }

  #bindCompat(context: IommufdContext): void {
    const binding = bind(context, this);
    try {
      // IOMMU_VFIO_IOAS can have taken the IOAS away that the group came with.
      if (context.vfioIoas === null) throw errno('ENODEV');
      attachBinding(binding, context.vfioIoas.id);
    } catch (error) {
      unbind(binding);
      throw error;
    }
    this.binding = binding;
  }

  #unbind(): void {
    if (this.binding !== null) unbind(this.binding);
    this.binding = null;
  }
}
