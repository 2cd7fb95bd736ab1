import { detachBinding } from './attach.ts';
import { check } from './errno-exception.ts';
import type { Hwpt } from './hwpt.ts';
import type { Ioas } from './ioas.ts';
import type { IommuGroup } from './iommu-group.ts';
import type { IommufdContext } from './iommufd-context.ts';
import type { VfioDevice } from './vfio-device.ts';
import { allowsUnsafeInterrupts } from './world.ts';

/**
 * A VFIO device in an iommufd: an object of kind `device` for a physical one, which owns its group's DMA, and of kind `access` for a
 * mediated one, whose driver pins the pages it needs (drivers/iommu/iommufd/device.c).
 */
export class Binding {
  readonly kind: 'device' | 'access';
  readonly id: number;
  readonly context: IommufdContext;
  readonly device: VfioDevice;
  /** The device is open, so the object cannot be destroyed. */
  readonly isUsed = true;
  attached: Hwpt | Ioas | null = null;

  constructor(id: number, context: IommufdContext, device: VfioDevice) {
    this.id = id;
    this.context = context;
    this.device = device;
    this.kind = device.group.isEmulated ? 'access' : 'device';
  }

  get iommuGroup(): IommuGroup | null {
    return this.device.group.iommuGroup;
  }
}

/**
 * Binds a device to an iommufd.
 * @throws ErrnoException EPERM without isolated MSI or while another owner has the group, EINVAL for a firmware 1:1 map
 */
export const bind = (context: IommufdContext, device: VfioDevice): Binding => {
  const { iommuGroup } = device.group;
  if (iommuGroup !== null) {
    check(iommuGroup.unit.isolatedMsi || allowsUnsafeInterrupts(context.world, 'iommufd'), 'EPERM');
    iommuGroup.claim(context);
  }
  context.hold();
  return context.add((id) => new Binding(id, context, device));
};

export const unbind = (binding: Binding): void => {
  detachBinding(binding);
  binding.context.remove(binding);
  binding.iommuGroup?.release();
  binding.context.put();
};
