import type { IoctlArgument } from '../kernel.ts';
import { IOCTLS, ioctlName, type IoctlName } from '../uapi/ioctls.ts';
import { CDEV_HANDLERS } from './cdev-handlers.ts';
import { CONTAINER_HANDLERS } from './container-handlers.ts';
import { DEVICE_HANDLERS } from './device-handlers.ts';
import { check, errno } from './errno-exception.ts';
import type { CdevFile, DeviceFile, OpenFile } from './files.ts';
import { GROUP_HANDLERS } from './group-handlers.ts';
import type { Handler } from './handler.ts';
import { IOMMUFD_HANDLERS } from './iommufd-handlers.ts';
import type { World } from './world.ts';

/** The ioctl that a number means on this file; numbers mean different calls on different kinds of fd. */
export const nameOn = (file: OpenFile, request: number): IoctlName | undefined =>
  file.kind === 'data' || file.kind === 'other' ? undefined : ioctlName(file.kind, request);

const run = <F>(handler: Handler<F> | undefined, world: World, file: F, argument: IoctlArgument | undefined): number => {
  if (handler === undefined) throw errno('ENOTTY');
  return handler(world, file, argument);
};

const onDevice = (world: World, file: DeviceFile, request: number, argument: IoctlArgument | undefined): number => {
  check(!file.device.isRemoved, 'ENODEV');
  check(request !== IOCTLS.VFIO_DEVICE_BIND_IOMMUFD.number, 'EINVAL');
  const name = nameOn(file, request);
  return run(name && DEVICE_HANDLERS[name], world, file, argument);
};

const onCdev = (world: World, file: CdevFile, request: number, argument: IoctlArgument | undefined): number => {
  const name = nameOn(file, request);
  check(file.bound || name === 'VFIO_DEVICE_BIND_IOMMUFD', 'EINVAL');
  check(!file.device.isRemoved, 'ENODEV');
  return run(name && (CDEV_HANDLERS[name] ?? DEVICE_HANDLERS[name]), world, file, argument);
};

/** ioctl(2) on an open file. @returns its result  @throws ErrnoException */
export const dispatch = (world: World, file: OpenFile, request: number, argument: IoctlArgument | undefined): number => {
  const name = nameOn(file, request);
  switch (file.kind) {
    case 'container':
      // A container without an IOMMU knows no other call, and says so with EINVAL (container.c).
      check(name !== undefined || file.container.type1 !== null, 'EINVAL');
      return run(name && CONTAINER_HANDLERS[name], world, file, argument);
    case 'iommufd':
      return run(name && IOMMUFD_HANDLERS[name], world, file, argument);
    case 'group':
      return run(name && GROUP_HANDLERS[name], world, file, argument);
    case 'device':
      return onDevice(world, file, request, argument);
    case 'cdev':
      return onCdev(world, file, request, argument);
    case 'data':
    case 'other':
      throw errno('ENOTTY');
  }
};
