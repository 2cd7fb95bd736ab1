import { GROUP_FLAGS } from '../uapi/constants.ts';
import type { IoctlArgument } from '../kernel.ts';
import { check, errno } from './errno-exception.ts';
import type { DeviceFile, GroupFile } from './files.ts';
import type { Handler, Handlers } from './handler.ts';
import { argumentBytes, vfioStruct } from './struct-argument.ts';
import { checkVfToken } from './vf-token.ts';
import type { World } from './world.ts';

const LONGEST_NAME = 4096;

const getStatus: Handler<GroupFile> = ({ memory }, { group }, argument) => {
  const struct = vfioStruct(memory, 'vfio_group_status', argument);
  check(group.devices.size > 0, 'ENODEV');
  const isViable = !(group.iommuGroup?.isClaimed ?? false);
  // With a container the kernel says viable whatever the truth is; on an iommufd that shows only at GET_DEVICE_FD.
  const flags = group.hasContainer ? GROUP_FLAGS.VIABLE | GROUP_FLAGS.CONTAINER_SET : isViable ? GROUP_FLAGS.VIABLE : 0;
  struct.write({ flags });
  return 0;
};

const setContainer: Handler<GroupFile> = ({ memory, fds }, { group }, argument) => {
  const bytes = argumentBytes(memory, argument, 4);
  const file = fds.get(new DataView(bytes.buffer, bytes.byteOffset, 4).getInt32(0, true));
  check(!group.hasContainer, 'EINVAL');
  check(group.devices.size > 0, 'ENODEV');
  if (file.kind === 'container') group.joinContainer(file.container);
  else if (file.kind === 'iommufd') group.joinIommufd(file.context);
  else throw errno('EBADFD');
  return 0;
};

const unsetContainer: Handler<GroupFile> = (_world, { group }) => {
  group.leaveContainer();
  return 0;
};

/** @throws ErrnoException EFAULT, EINVAL for a text without an end within a page */
const stringOf = ({ memory }: World, argument: IoctlArgument | undefined): string => {
  const bytes = argumentBytes(memory, argument, 1).subarray(0, LONGEST_NAME);
  const end = bytes.indexOf(0);
  check(end >= 0, 'EINVAL');
  return new TextDecoder().decode(bytes.subarray(0, end));
};

/** `0000:06:12.5 vf_token=UUID` */
const parseName = (text: string): { readonly name: string; readonly token: string | undefined } => {
  const match = /^(\S+)(?:\s+vf_token=(\S+))?$/.exec(text);
  return { name: match?.[1] ?? text, token: match?.[2] };
};

const getDeviceFd: Handler<GroupFile> = (world, { group }, argument) => {
  const { name, token } = parseName(stringOf(world, argument));
  const device = [...group.devices].find((candidate) => candidate.name === name);
  if (device === undefined) throw errno('ENODEV');
  checkVfToken(world, device, token);
  device.openFromGroup();
  const file: DeviceFile = { kind: 'device', inode: { kind: 'anonymous', mode: 0o600, uid: 0, gid: 0, device: '' }, device };
  return world.fds.add(file);
};

/** /dev/vfio/N (drivers/vfio/group.c). */
export const GROUP_HANDLERS: Handlers<GroupFile> = {
  VFIO_GROUP_GET_STATUS: getStatus,
  VFIO_GROUP_SET_CONTAINER: setContainer,
  VFIO_GROUP_UNSET_CONTAINER: unsetContainer,
  VFIO_GROUP_GET_DEVICE_FD: getDeviceFd,
};
