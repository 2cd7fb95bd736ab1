import type { Container } from './container.ts';
import { check, errno } from './errno-exception.ts';
import type { IommuGroup } from './iommu-group.ts';
import type { IommufdContext } from './iommufd-context.ts';
import type { VfioDevice } from './vfio-device.ts';

/** The kernel's struct vfio_group: what stands behind /dev/vfio/N (drivers/vfio/group.c). */
export class VfioGroup {
  readonly id: number;
  /** Null for the group that a mediated device gets: there is no IOMMU behind it. */
  readonly iommuGroup: IommuGroup | null;
  readonly devices = new Set<VfioDevice>();
  container: Container | null = null;
  iommufd: IommufdContext | null = null;
  /** Devices of the group that are bound through their cdev. While there are any, the group cannot be opened. */
  boundCdevs = 0;
  #references = 0;

  constructor(id: number, iommuGroup: IommuGroup | null) {
    this.id = id;
    this.iommuGroup = iommuGroup;
  }

  get isEmulated(): boolean {
    return this.iommuGroup === null;
  }

  get isOpen(): boolean {
    return this.#references > 0;
  }

  get openDevices(): readonly VfioDevice[] {
    return [...this.devices].filter(({ isOpen }) => isOpen);
  }

  /** @throws ErrnoException ENODEV without devices, EBUSY while anybody has the group or one of its cdevs is bound */
  open(): void {
    check(this.devices.size > 0, 'ENODEV');
    check(!this.isOpen && this.boundCdevs === 0, 'EBUSY');
    this.#references = 1;
  }

  /** An open device keeps the file of a group that is in a native container. */
  hold(): void {
    this.#references += 1;
  }

  /** Gives up one reference; with the last one the group leaves its container or iommufd. */
  put(): void {
    this.#references -= 1;
    if (this.#references > 0) return;
    this.container?.removeGroup(this);
    this.container = null;
    this.leaveIommufd();
  }

  get hasContainer(): boolean {
    return this.container !== null || this.iommufd !== null;
  }

  /** @throws ErrnoException EPERM while the group is not viable, or what the container's IOMMU answers */
  joinContainer(container: Container): void {
    this.iommuGroup?.claim(container);
    try {
      container.addGroup(this);
    } catch (error) {
      this.iommuGroup?.release();
      throw error;
    }
    this.container = container;
  }

  /** Ownership is asked for later, device by device. */
  joinIommufd(context: IommufdContext): void {
    context.compatIoas();
    context.hold();
    this.iommufd = context;
  }

  /** VFIO_GROUP_UNSET_CONTAINER. @throws ErrnoException EINVAL without one, EBUSY with open devices on a native container */
  leaveContainer(): void {
    if (this.iommufd !== null) return this.leaveIommufd();
    if (this.container === null) throw errno('EINVAL');
    check(this.openDevices.length === 0, 'EBUSY');
    this.container.removeGroup(this);
    this.container = null;
  }

  leaveIommufd(): void {
    this.iommufd?.put();
    this.iommufd = null;
  }
}
