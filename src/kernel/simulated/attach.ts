import type { Binding } from './binding.ts';
import { check, errno, ErrnoException } from './errno-exception.ts';
import { Hwpt } from './hwpt.ts';
import type { Ioas } from './ioas.ts';
import type { IommuGroup } from './iommu-group.ts';
import { sharesDomains } from './iommu-unit.ts';
import type { GroupAttachment } from './iommufd-context.ts';

const AUTO = { isAuto: true, dirtyTracking: false, nestParent: false } as const;

/** Lets go of an automatic page table that nobody uses any more. */
const dropUnusedAuto = ({ context }: Binding, hwpt: Hwpt): void => {
  if (!hwpt.features.isAuto || hwpt.isUsed) return;
  hwpt.ioas.removeDomain(hwpt);
  context.remove(hwpt);
};

const setHwpt = (attachment: GroupAttachment, hwpt: Hwpt | null): void => {
  attachment.hwpt?.users.delete(attachment);
  attachment.hwpt = hwpt;
  hwpt?.users.add(attachment);
  attachment.iommuGroup.attached = hwpt;
};

/** The devices whose reserved ranges must hold in the IOAS they are moved to. */
const reserveAll = (ioas: Ioas, bindings: readonly Binding[], { reserved }: IommuGroup): void => {
  const done: Binding[] = [];
  try {
    for (const binding of bindings) {
      ioas.reserve(binding, reserved);
      done.push(binding);
    }
  } catch (error) {
    for (const binding of done) ioas.unreserve(binding);
    throw error;
  }
};

/** First attach of a device. @throws ErrnoException EINVAL if its group is attached elsewhere, EADDRINUSE */
const attachFirst = (binding: Binding, attachment: GroupAttachment, hwpt: Hwpt): void => {
  check(attachment.hwpt === null || attachment.hwpt === hwpt, 'EINVAL');
  check(sharesDomains(attachment.iommuGroup.unit, hwpt.unit), 'EINVAL');
  hwpt.ioas.reserve(binding, attachment.iommuGroup.reserved);
  attachment.bindings.add(binding);
  if (attachment.hwpt === null) setHwpt(attachment, hwpt);
  binding.attached = hwpt;
};

/** Attach of a device that is attached: it takes all attached devices of its group along. */
const replace = (binding: Binding, attachment: GroupAttachment, hwpt: Hwpt): void => {
  const old = attachment.hwpt;
  if (old === hwpt || old === null) return;
  check(sharesDomains(attachment.iommuGroup.unit, hwpt.unit), 'EINVAL');
  const bindings = [...attachment.bindings];
  if (old.ioas !== hwpt.ioas) {
    reserveAll(hwpt.ioas, bindings, attachment.iommuGroup);
    for (const moved of bindings) old.ioas.unreserve(moved);
  }
  setHwpt(attachment, hwpt);
  for (const moved of bindings) moved.attached = hwpt;
  dropUnusedAuto(binding, old);
};

type Connect = typeof attachFirst;

/** The kernel tries page tables one after the other; EINVAL means that this one does not suit. */
const isAccepted = (connect: Connect, binding: Binding, attachment: GroupAttachment, hwpt: Hwpt): boolean => {
  try {
    connect(binding, attachment, hwpt);
    return true;
  } catch (error) {
    if (error instanceof ErrnoException && error.code === 'EINVAL') return false;
    throw error;
  }
};

/** An automatic page table of the IOAS that accepts the device, or a fresh one. */
const connectToIoas = (connect: Connect, binding: Binding, attachment: GroupAttachment, ioas: Ioas): Hwpt => {
  const candidates = [...ioas.hwpts].filter(({ features }) => features.isAuto);
  const current = candidates.filter((hwpt) => hwpt === attachment.hwpt);
  for (const hwpt of [...current, ...candidates]) {
    if (isAccepted(connect, binding, attachment, hwpt)) return hwpt;
  }
  return binding.context.add((id) => {
    const hwpt = new Hwpt(id, ioas, attachment.iommuGroup.unit, AUTO);
    const previous = attachment.hwpt;
    check(connect === replace || previous === null, 'EINVAL');
    ioas.reserve(binding, attachment.iommuGroup.reserved);
    try {
      ioas.addDomain(hwpt);
    } catch (error) {
      if (previous?.ioas !== ioas) ioas.unreserve(binding);
      throw error;
    }
    connect(binding, attachment, hwpt);
    return hwpt;
  });
};

const attachAccess = (binding: Binding, ptId: number): number => {
  const ioas = binding.context.ioas(ptId);
  detachBinding(binding);
  ioas.accesses.add(binding);
  binding.attached = ioas;
  return ptId;
};

/**
 * VFIO_DEVICE_ATTACH_IOMMUFD_PT, and what a group does for a device on an iommufd.
 * @returns the id of what the device is attached to: for an IOAS that of its automatic page table, except for a mediated device
 * @throws ErrnoException ENOENT, EINVAL for another kind of object or a group attached elsewhere, EADDRINUSE, EFAULT, ENOMEM
 */
export const attachBinding = (binding: Binding, ptId: number): number => {
  const { context, iommuGroup } = binding;
  if (iommuGroup === null) return attachAccess(binding, ptId);
  const object = context.objects.get(ptId);
  if (object === undefined) throw errno('ENOENT');
  if (object.kind !== 'ioas' && object.kind !== 'hwpt') throw errno('EINVAL');
  const attachment = context.attachmentOf(iommuGroup);
  const connect = binding.attached === null ? attachFirst : replace;
  if (object.kind === 'ioas') return connectToIoas(connect, binding, attachment, object).id;
  connect(binding, attachment, object);
  return object.id;
};

/** Nothing happens to a device that is not attached. */
export const detachBinding = (binding: Binding): void => {
  const { attached, context, iommuGroup } = binding;
  binding.attached = null;
  if (attached?.kind === 'ioas') attached.accesses.delete(binding);
  if (attached?.kind !== 'hwpt' || iommuGroup === null) return;
  const attachment = context.attachmentOf(iommuGroup);
  attachment.bindings.delete(binding);
  attached.ioas.unreserve(binding);
  if (attachment.bindings.size === 0) setHwpt(attachment, null);
  dropUnusedAuto(binding, attached);
};
