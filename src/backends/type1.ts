import type { AddressSpace } from './address-space.ts';
import { deviceInfoStep } from './device-info.ts';
import { firstOfEachGroup, groupStatusStep, joinContainerId, joinContainerStep, openGroupStep } from './group-steps.ts';
import { containerSlot } from './slots.ts';
import type { Step } from './step.ts';
import {
  containerInfoStep,
  deviceFdId,
  deviceFdStep,
  mapSteps,
  openContainerId,
  openContainerStep,
  setIommuId,
  setIommuStep,
} from './type1-steps.ts';

/**
 * The type1 container. The first group gives the container its IOMMU, the others join; RAM is mapped while the devices are
 * still being opened and reset, because the map needs no open device.
 */
export const type1Steps = (space: AddressSpace): Step[] => {
  const groups = firstOfEachGroup(space.devices);
  return [
    openContainerStep(space),
    ...groups.flatMap((device, index) => [
      openGroupStep(device),
      groupStatusStep(device),
      joinContainerStep(device, containerSlot(space), [index === 0 ? openContainerId(space) : setIommuId(space)]),
    ]),
    setIommuStep(space),
    containerInfoStep(space, [setIommuId(space), ...groups.map(({ group }) => joinContainerId(group))]),
    ...space.devices.flatMap((device) => [
      deviceFdStep(device, [setIommuId(space), joinContainerId(device.group)]),
      deviceInfoStep(device, [deviceFdId(device)]),
    ]),
    ...mapSteps(space),
  ];
};
