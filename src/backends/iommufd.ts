import type { AddressSpace, IommufdObject } from './address-space.ts';
import { deviceInfoStep } from './device-info.ts';
import { chunkSection, ioasMapStep } from './ioas-map.ts';
import {
  attachStep,
  attachStepId,
  bindStep,
  ioasRangesStep,
  ioasStep,
  limitModeSteps,
  openCdevStep,
  openIommufdStep,
} from './iommufd-steps.ts';
import type { Step } from './step.ts';

/**
 * iommufd by cdev. Devices are bound in parallel and attached first; RAM is mapped afterwards, in parallel chunks, because an
 * IOAS without a device pins nothing and the first attach would then pin everything on one thread.
 */
export const iommufdSteps = (space: AddressSpace, object: IommufdObject): Step[] => [
  openIommufdStep(object, space.devices[0]),
  ...limitModeSteps(object, space.devices[0]),
  ioasStep(space, object),
  ...space.devices.flatMap((device) => [
    openCdevStep(device),
    bindStep(object, device),
    attachStep(space, object, device),
    deviceInfoStep(device, [attachStepId(device)]),
  ]),
  ioasRangesStep(space, object),
  ...space.sections.flatMap(chunkSection).map((chunk) => ioasMapStep(space, object, chunk)),
];
