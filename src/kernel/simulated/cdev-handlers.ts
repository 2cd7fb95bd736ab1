import { ATTACH_FLAGS, BIND_FLAGS } from '../uapi/constants.ts';
import { STRUCTS } from '../uapi/structs.ts';
import { attachBinding, detachBinding } from './attach.ts';
import type { Binding } from './binding.ts';
import { check, errno } from './errno-exception.ts';
import type { CdevFile } from './files.ts';
import type { Handler, Handlers } from './handler.ts';
import { extensibleStruct, vfioStruct, type StructArgument } from './struct-argument.ts';
import { checkVfToken, UUID_BYTES, uuidText } from './vf-token.ts';
import { isAtLeast, type World } from './world.ts';

/** Since 6.17 a longer struct must be known or zero; what is known grew by the token only in 6.19, by mistake. */
const bindStruct = (world: World, argument: Parameters<Handler<CdevFile>>[2]): StructArgument<'vfio_device_bind_iommufd'> => {
  const { minimum, size } = STRUCTS.vfio_device_bind_iommufd;
  if (!isAtLeast(world, 6, 17)) return vfioStruct(world.memory, 'vfio_device_bind_iommufd', argument);
  return extensibleStruct(world.memory, 'vfio_device_bind_iommufd', argument, isAtLeast(world, 6, 19) ? size : minimum);
};

/** VFIO_DEVICE_BIND_IOMMUFD (vfio_df_ioctl_bind_iommufd in device_cdev.c). */
const bindIommufd: Handler<CdevFile> = (world, file, argument) => {
  const struct = bindStruct(world, argument);
  const { flags, iommufd, token_uuid_ptr } = struct.values;
  const hasTokens = isAtLeast(world, 6, 17);
  check(iommufd >= 0 && (flags & ~(hasTokens ? BIND_FLAGS.TOKEN : 0)) === 0, 'EINVAL');
  const { device } = file;
  check(!device.isRemoved, 'ENODEV');
  check(!device.group.isOpen, 'EBUSY');
  check(!file.bound, 'EINVAL');
  if (hasTokens)
    checkVfToken(
      world,
      device,
      (flags & BIND_FLAGS.TOKEN) === 0 ? undefined : uuidText(world.memory.view(token_uuid_ptr, UUID_BYTES)),
    );
  const target = world.fds.get(iommufd);
  if (target.kind !== 'iommufd') throw errno('EBADFD');
  const { id } = device.openFromCdev(target.context);
  file.bound = true;
  struct.write({ out_devid: id });
  return 0;
};

const bindingOf = ({ device: { binding } }: CdevFile): Binding => {
  if (binding === null) throw errno('EINVAL');
  return binding;
};

/** PASIDs are not simulated: no device has any. */
const refusePasid = ({ kind }: Binding, flags: number): void => {
  if ((flags & ATTACH_FLAGS.PASID) !== 0) throw errno(kind === 'device' ? 'EINVAL' : 'EOPNOTSUPP');
};

const attach: Handler<CdevFile> = (world, file, argument) => {
  const struct = vfioStruct(world.memory, 'vfio_device_attach_iommufd_pt', argument);
  const { flags, pt_id } = struct.values;
  check((flags & ~(isAtLeast(world, 6, 15) ? ATTACH_FLAGS.PASID : 0)) === 0, 'EINVAL');
  const binding = bindingOf(file);
  refusePasid(binding, flags);
  struct.write({ pt_id: attachBinding(binding, pt_id) });
  return 0;
};

const detach: Handler<CdevFile> = (world, file, argument) => {
  const { flags } = vfioStruct(world.memory, 'vfio_device_detach_iommufd_pt', argument).values;
  check((flags & ~(isAtLeast(world, 6, 15) ? ATTACH_FLAGS.PASID : 0)) === 0, 'EINVAL');
  const binding = bindingOf(file);
  refusePasid(binding, flags);
  detachBinding(binding);
  return 0;
};

/** /dev/vfio/devices/vfioN, beside what every device fd takes. */
export const CDEV_HANDLERS: Handlers<CdevFile> = {
  VFIO_DEVICE_BIND_IOMMUFD: bindIommufd,
  VFIO_DEVICE_ATTACH_IOMMUFD_PT: attach,
  VFIO_DEVICE_DETACH_IOMMUFD_PT: detach,
};
