import type { AttachDevice } from '../backends/address-space.ts';
import type { Session } from '../backends/session.ts';
import { deviceFdSlot, deviceInfoSlot } from '../backends/slots.ts';
import type { Problem } from '../errors/problem.ts';
import { callAsync } from '../kernel/call.ts';
import { SystemCallError } from '../kernel/system-call-error.ts';
import { DEVICE_INFO_FLAGS } from '../kernel/uapi/constants.ts';

const warning = (device: AttachDevice, message: string, cause: string): Problem => ({
  code: 'SYSTEM_CALL',
  severity: 'warning',
  subject: device.path,
  message: `vfio: Cannot reset device ${device.name}, ${message}`,
  cause,
});

/** @returns why the device was not reset */
const resetDevice = async (session: Session, device: AttachDevice): Promise<Problem | undefined> => {
  if ((session.get(deviceInfoSlot(device)).flags & DEVICE_INFO_FLAGS.RESET) === 0) {
    return warning(device, 'no available reset mechanism.', 'the device has no reset of its own');
  }
  try {
    await callAsync(session.kernel, session.get(deviceFdSlot(device)).number, 'VFIO_DEVICE_RESET');
    return undefined;
  } catch (error) {
    if (!(error instanceof SystemCallError)) {
      throw error;
    }
    return warning(device, `${error.text}.`, `${error.call} on ${error.target} failed with ${error.code}`);
  }
};

/**
 * Resets attached devices, the one that was created last first. One that cannot be reset holds up no other, as in QEMU
 * (hw/vfio/pci.c, vfio_pci_reset).
 * @returns what was not reset, and why
 */
export const resetDevices = async (session: Session, devices: readonly AttachDevice[]): Promise<readonly Problem[]> => {
  const problems: Problem[] = [];
  for (const device of devices.toReversed()) {
    const problem = await resetDevice(session, device);
    if (problem !== undefined) {
      problems.push(problem);
    }
  }
  return problems;
};
