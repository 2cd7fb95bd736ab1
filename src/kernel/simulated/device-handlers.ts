import { DEVICE_INFO_FLAGS, IRQ_INFO_FLAGS, PCI_IRQ, PCI_IRQ_COUNT, PCI_REGION_COUNT } from '../uapi/constants.ts';
import { check, errno } from './errno-exception.ts';
import { deviceFeature } from './device-feature.ts';
import type { CdevFile, DeviceFile } from './files.ts';
import type { Handler, Handlers } from './handler.ts';
import { getHotResetInfo, hotReset } from './hot-reset.ts';
import { irqCount, setIrqs } from './irqs.ts';
import { REGION_SHIFT } from './regions.ts';
import { vfioStruct } from './struct-argument.ts';

type AnyDeviceFile = DeviceFile | CdevFile;

const getInfo: Handler<AnyDeviceFile> = ({ memory }, { device }, argument) => {
  const struct = vfioStruct(memory, 'vfio_device_info', argument);
  const flags = DEVICE_INFO_FLAGS.PCI | (device.canReset ? DEVICE_INFO_FLAGS.RESET : 0);
  struct.write({ flags, num_regions: PCI_REGION_COUNT, num_irqs: PCI_IRQ_COUNT, cap_offset: 0 });
  return 0;
};

const getRegionInfo: Handler<AnyDeviceFile> = ({ memory }, { device }, argument) => {
  const struct = vfioStruct(memory, 'vfio_region_info', argument);
  const region = device.regions[struct.values.index];
  if (region === undefined) throw errno('EINVAL');
  const offset = BigInt(struct.values.index) << REGION_SHIFT;
  struct.write({ flags: region.flags, size: BigInt(region.size), offset, cap_offset: 0 });
  return 0;
};

const getIrqInfo: Handler<AnyDeviceFile> = ({ memory }, { device }, argument) => {
  const struct = vfioStruct(memory, 'vfio_irq_info', argument);
  const { index } = struct.values;
  check(index < PCI_IRQ_COUNT, 'EINVAL');
  const { AUTOMASKED, EVENTFD, MASKABLE, NORESIZE } = IRQ_INFO_FLAGS;
  const flags = EVENTFD | (index === PCI_IRQ.INTX ? MASKABLE | AUTOMASKED : NORESIZE);
  struct.write({ flags, count: irqCount(device, index) });
  return 0;
};

const reset: Handler<AnyDeviceFile> = (_world, { device }) => {
  check(device.canReset, 'EINVAL');
  device.resets += 1;
  return 0;
};

/** What a device fd takes, whichever way it was opened (drivers/vfio/pci/vfio_pci_core.c). */
export const DEVICE_HANDLERS: Handlers<AnyDeviceFile> = {
  VFIO_DEVICE_GET_INFO: getInfo,
  VFIO_DEVICE_GET_REGION_INFO: getRegionInfo,
  VFIO_DEVICE_GET_IRQ_INFO: getIrqInfo,
  VFIO_DEVICE_SET_IRQS: setIrqs,
  VFIO_DEVICE_RESET: reset,
  VFIO_DEVICE_GET_PCI_HOT_RESET_INFO: getHotResetInfo,
  VFIO_DEVICE_PCI_HOT_RESET: hotReset,
  VFIO_DEVICE_FEATURE: deviceFeature,
};
