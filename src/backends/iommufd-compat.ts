import { call } from '../kernel/call.ts';
import { EXTENSION, VFIO_IOAS_OP } from '../kernel/uapi/constants.ts';
import type { AddressSpace, IommufdObject } from './address-space.ts';
import { deviceInfoStep } from './device-info.ts';
import { firstOfEachGroup, groupStatusStep, joinContainerId, joinContainerStep, openGroupStep } from './group-steps.ts';
import { ioasStep, ioasStepId, limitModeSteps, openIommufdStep } from './iommufd-steps.ts';
import { containerSlot, ioasSlot, iommufdSlot } from './slots.ts';
import type { Step } from './step.ts';
import { containerInfoStep, deviceFdId, deviceFdStep, mapSteps, setIommuId, setIommuStep } from './type1-steps.ts';

const compatIoasId = (space: AddressSpace): string => `IOMMU_VFIO_IOAS:${space.id}`;

/** Names the IOAS that container calls act on; without it the kernel would make one that nobody destroys on a passed iommufd. */
const compatIoasStep = (space: AddressSpace, object: IommufdObject): Step => ({
  id: compatIoasId(space),
  call: 'IOMMU_VFIO_IOAS',
  subject: space.id,
  after: [ioasStepId(space)],
  device: space.devices[0],
  run: (session) => {
    const iommufd = session.get(iommufdSlot(object)).number;
    call(session.kernel, iommufd, 'IOMMU_VFIO_IOAS', { op: VFIO_IOAS_OP.SET, ioas_id: session.get(ioasSlot(space)) });
  },
  undo: (session) => {
    call(session.kernel, session.get(iommufdSlot(object)).number, 'IOMMU_VFIO_IOAS', { op: VFIO_IOAS_OP.CLEAR });
  },
  explain: (reason) => ({ message: `Failed to set the compatibility ioas: ${reason}` }),
});

/**
 * Group and container calls on an iommufd. A device is attached when its fd is taken from the group, so that comes before
 * RAM is mapped: the reserved ranges are known only then.
 */
export const iommufdCompatSteps = (space: AddressSpace, object: IommufdObject): Step[] => {
  const groups = firstOfEachGroup(space.devices);
  return [
    openIommufdStep(object, space.devices[0]),
    ...limitModeSteps(object, space.devices[0]),
    ioasStep(space, object),
    compatIoasStep(space, object),
    ...groups.flatMap((device, index) => [
      openGroupStep(device),
      groupStatusStep(device),
      joinContainerStep(device, containerSlot(space), [index === 0 ? compatIoasId(space) : setIommuId(space)]),
    ]),
    setIommuStep(space, object.compat === 'type1' ? EXTENSION.TYPE1_IOMMU : EXTENSION.TYPE1v2_IOMMU),
    ...space.devices.flatMap((device) => [
      deviceFdStep(device, [setIommuId(space), joinContainerId(device.group)]),
      deviceInfoStep(device, [deviceFdId(device)]),
    ]),
    containerInfoStep(space, space.devices.map(deviceFdId)),
    ...mapSteps(space),
  ];
};
