import type { Problem } from '../errors/problem.ts';
import type { PlannedDevice } from './planned-device.ts';
import type { Remedy } from './remedy.ts';

/** A problem of one device, in QEMU's form: `vfio NAME: ...`. */
export const deviceProblem = (device: PlannedDevice, message: string, remedy: Remedy, hint?: readonly string[]): Problem => ({
  ...remedy,
  severity: 'error',
  subject: remedy.subject ?? device.path,
  message: `vfio ${device.name}: ${message}`,
  hint,
  location: device.location,
});
