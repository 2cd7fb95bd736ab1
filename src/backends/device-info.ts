import { failure } from '../errors/problem.ts';
import { call } from '../kernel/call.ts';
import { DEVICE_INFO_FLAGS, PCI_REGION_COUNT } from '../kernel/uapi/constants.ts';
import type { AttachDevice } from './address-space.ts';
import { deviceFdSlot, deviceInfoSlot, type DeviceInfo } from './slots.ts';
import type { Step } from './step.ts';

/** INTx, MSI and MSI-X; ERR and REQ came later (QEMU hw/vfio/pci.c, vfio_populate_device). */
const LEAST_PCI_INTERRUPTS = 3;
const LEAST_PCI_REGIONS = PCI_REGION_COUNT - 1;

const checkPci = ({ flags, regions, interrupts }: DeviceInfo): void => {
  const wrong = (message: string) =>
    failure('FD_WRONG_KIND', message, {
      cause: 'the device behind the fd is not a PCI device that VFIO can pass',
      fixes: ['pass a device that is bound to vfio-pci'],
    });
  if ((flags & DEVICE_INFO_FLAGS.PCI) === 0) {
    throw wrong("this isn't a PCI device");
  }
  if (regions < LEAST_PCI_REGIONS) {
    throw wrong(`unexpected number of io regions ${regions}`);
  }
  if (interrupts < LEAST_PCI_INTERRUPTS) {
    throw wrong(`unexpected number of irqs ${interrupts}`);
  }
};

/** Asks the device what it is; a proof that it answers. */
export const deviceInfoStep = (device: AttachDevice, after: readonly string[]): Step => ({
  id: `VFIO_DEVICE_GET_INFO:${device.path}`,
  call: 'VFIO_DEVICE_GET_INFO',
  subject: device.path,
  after,
  device,
  run: (session) => {
    const answer = call(session.kernel, session.get(deviceFdSlot(device)).number, 'VFIO_DEVICE_GET_INFO');
    const info = { flags: answer.flags, regions: answer.num_regions, interrupts: answer.num_irqs };
    if (device.isPci) {
      checkPci(info);
    }
    session.put(deviceInfoSlot(device), info);
  },
  explain: (reason) => ({ message: `error getting device info: ${reason}` }),
});
