import { failure } from '../errors/problem.ts';
import { call } from '../kernel/call.ts';
import { OwnedFd } from '../kernel/owned-fd.ts';
import { GROUP_FLAGS } from '../kernel/uapi/constants.ts';
import type { AttachDevice } from './address-space.ts';
import type { Session, Slot } from './session.ts';
import { groupSlot } from './slots.ts';
import type { Step } from './step.ts';

export const groupNode = (group: number): string => `/dev/vfio/${group}`;

export const openGroupId = (group: number): string => `open:${groupNode(group)}`;

/** A group can be open once in the whole system; the open itself claims nothing yet. */
export const openGroupStep = (device: AttachDevice): Step => ({
  id: openGroupId(device.group),
  call: 'open',
  subject: groupNode(device.group),
  after: [],
  device,
  run: (session) => {
    const fd = session.kernel.open(groupNode(device.group), { write: true });
    session.put(groupSlot(device.group), OwnedFd.own(session.kernel, fd));
  },
  undo: (session) => session.get(groupSlot(device.group)).close(),
  explain: (reason) => ({ message: `Could not open '${groupNode(device.group)}': ${reason}` }),
});

export const notViable = (group: number) => ({
  message: `group ${group} is not viable`,
  hint: ['Please ensure all devices within the iommu_group are bound to their vfio bus driver.'],
});

export const groupStatusId = (group: number): string => `VFIO_GROUP_GET_STATUS:${groupNode(group)}`;

export const groupStatusStep = (device: AttachDevice): Step => ({
  id: groupStatusId(device.group),
  call: 'VFIO_GROUP_GET_STATUS',
  subject: groupNode(device.group),
  after: [openGroupId(device.group)],
  device,
  run: (session) => {
    const { flags } = call(session.kernel, session.get(groupSlot(device.group)).number, 'VFIO_GROUP_GET_STATUS');
    if ((flags & GROUP_FLAGS.VIABLE) === 0) {
      const { message, hint } = notViable(device.group);
      throw failure('GROUP_NOT_VIABLE', message, { hint, subject: groupNode(device.group) });
    }
  },
  explain: (reason) => ({ message: `failed to get group ${device.group} status: ${reason}` }),
});

export const joinContainerId = (group: number): string => `VFIO_GROUP_SET_CONTAINER:${groupNode(group)}`;

/** Claims the group: from here on no host driver can bind to its devices. */
export const joinContainerStep = (device: AttachDevice, container: Slot<OwnedFd>, after: readonly string[]): Step => ({
  id: joinContainerId(device.group),
  call: 'VFIO_GROUP_SET_CONTAINER',
  subject: groupNode(device.group),
  after: [groupStatusId(device.group), ...after],
  device,
  run: (session) => {
    call(session.kernel, session.get(groupSlot(device.group)).number, 'VFIO_GROUP_SET_CONTAINER', session.get(container).number);
  },
  undo: (session) => {
    call(session.kernel, session.get(groupSlot(device.group)).number, 'VFIO_GROUP_UNSET_CONTAINER');
  },
  explain: (reason) => ({
    message: `failed to setup container for group ${device.group}: Failed to set group container: ${reason}`,
  }),
});

/** One device for each group, in the order in which groups appear. */
export const firstOfEachGroup = (devices: readonly AttachDevice[]): AttachDevice[] => {
  const first = new Map<number, AttachDevice>();
  for (const device of devices) {
    if (!first.has(device.group)) {
      first.set(device.group, device);
    }
  }
  return [...first.values()];
};

export const groupFd = (session: Session, group: number): number => session.get(groupSlot(group)).number;
