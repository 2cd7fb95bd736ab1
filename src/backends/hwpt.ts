import { call } from '../kernel/call.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { SystemCallError } from '../kernel/system-call-error.ts';
import { HW_CAPABILITIES, HWPT_FLAGS } from '../kernel/uapi/constants.ts';
import type { AddressSpace, AttachDevice, IommufdObject } from './address-space.ts';
import type { Session } from './session.ts';
import { deviceFdSlot, deviceIdSlot, hwptsSlot, ioasSlot, iommufdSlot, type SharedHwpt } from './slots.ts';

const attach = (kernel: Kernel, deviceFd: number, pageTable: number): void => {
  call(kernel, deviceFd, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', { pt_id: pageTable });
};

/** EINVAL means that this device cannot use that page table; any other errno is a failure (QEMU hw/vfio/iommufd.c). */
const canShare = (kernel: Kernel, deviceFd: number, hwpt: SharedHwpt): boolean => {
  try {
    attach(kernel, deviceFd, hwpt.id);
    return true;
  } catch (error) {
    if (error instanceof SystemCallError && error.code === 'EINVAL') {
      return false;
    }
    throw error;
  }
};

/** A page table of its own for the device, with dirty tracking where the hardware has it, so that live migration can use it. */
const allocateHwpt = (kernel: Kernel, iommufd: number, devid: number, ioas: number): number => {
  const { out_capabilities } = call(kernel, iommufd, 'IOMMU_GET_HW_INFO', { dev_id: devid });
  const flags = (out_capabilities & HW_CAPABILITIES.DIRTY_TRACKING) === 0n ? 0 : HWPT_FLAGS.ALLOC_DIRTY_TRACKING;
  return call(kernel, iommufd, 'IOMMU_HWPT_ALLOC', { flags, dev_id: devid, pt_id: ioas }).out_hwpt_id;
};

const attachToOwnHwpt = (kernel: Kernel, iommufd: number, deviceFd: number, devid: number, ioas: number): number => {
  const id = allocateHwpt(kernel, iommufd, devid, ioas);
  try {
    attach(kernel, deviceFd, id);
    return id;
  } catch (error) {
    call(kernel, iommufd, 'IOMMU_DESTROY', { id });
    throw error;
  }
};

/**
 * Attaches a device to the page tables of its address space: the first that accepts it, else one more. An emulated device has
 * no page table of its own and attaches to the IOAS itself.
 */
export const attachToIoas = (session: Session, space: AddressSpace, object: IommufdObject, device: AttachDevice): void => {
  const { kernel } = session;
  const deviceFd = session.get(deviceFdSlot(device)).number;
  const ioas = session.get(ioasSlot(space));
  if (device.mediated) {
    attach(kernel, deviceFd, ioas);
    return;
  }
  const hwpts = session.find(hwptsSlot(space)) ?? [];
  session.put(hwptsSlot(space), hwpts);
  const shared = hwpts.find((hwpt) => canShare(kernel, deviceFd, hwpt));
  if (shared !== undefined) {
    shared.users.add(device.path);
    return;
  }
  const id = attachToOwnHwpt(kernel, session.get(iommufdSlot(object)).number, deviceFd, session.get(deviceIdSlot(device)), ioas);
  hwpts.push({ id, users: new Set([device.path]) });
};

/** Takes the device off its page table, and destroys the page table with its last user. */
export const detachFromIoas = (session: Session, space: AddressSpace, object: IommufdObject, device: AttachDevice): void => {
  const { kernel } = session;
  call(kernel, session.get(deviceFdSlot(device)).number, 'VFIO_DEVICE_DETACH_IOMMUFD_PT');
  const hwpts = session.find(hwptsSlot(space)) ?? [];
  const index = hwpts.findIndex((hwpt) => hwpt.users.has(device.path));
  const hwpt = hwpts[index];
  if (hwpt === undefined) {
    return;
  }
  hwpt.users.delete(device.path);
  if (hwpt.users.size === 0) {
    hwpts.splice(index, 1);
    call(kernel, session.get(iommufdSlot(object)).number, 'IOMMU_DESTROY', { id: hwpt.id });
  }
};
