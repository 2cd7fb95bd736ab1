import { IRQ_SET_FLAGS, PCI_IRQ, PCI_IRQ_COUNT } from '../uapi/constants.ts';
import { STRUCTS } from '../uapi/structs.ts';
import { check, errno } from './errno-exception.ts';
import type { CdevFile, DeviceFile } from './files.ts';
import type { Handler } from './handler.ts';
import { vfioStruct } from './struct-argument.ts';
import type { VfioDevice } from './vfio-device.ts';

const { ACTION_MASK, ACTION_TRIGGER, ACTION_UNMASK, DATA_BOOL, DATA_EVENTFD, DATA_NONE } = IRQ_SET_FLAGS;
const ACTIONS = ACTION_MASK | ACTION_UNMASK | ACTION_TRIGGER;
const DATA = DATA_NONE | DATA_BOOL | DATA_EVENTFD;
const HEADER_SIZE = STRUCTS.vfio_irq_set.size;

/** Bytes per interrupt behind the struct. */
const DATA_BYTES = new Map<number, number>([
  [DATA_NONE, 0],
  [DATA_BOOL, 1],
  [DATA_EVENTFD, 4],
]);

/** Interrupts of one kind. Only a physical function has a pin; MSI-X is left out, as in a device without the capability. */
export const irqCount = ({ pci }: VfioDevice, index: number): number => {
  switch (index) {
    case PCI_IRQ.INTX:
      return pci?.physicalFunction === undefined ? 1 : 0;
    case PCI_IRQ.MSIX:
      return 0;
    default:
      return 1;
  }
};

const isSupported = (index: number, action: number): boolean => action === ACTION_TRIGGER || index === PCI_IRQ.INTX;

/**
 * VFIO_DEVICE_SET_IRQS (vfio_set_irqs_validate_and_prepare, vfio_pci_set_irqs_ioctl): arguments are checked, and then taken;
 * no interrupt is ever raised.
 */
export const setIrqs: Handler<DeviceFile | CdevFile> = ({ memory }, { device }, argument) => {
  const { values, bytes } = vfioStruct(memory, 'vfio_irq_set', argument);
  const { argsz, flags, index, start, count } = values;
  check(index < PCI_IRQ_COUNT && (flags & ~(ACTIONS | DATA)) === 0, 'EINVAL');
  const most = irqCount(device, index);
  check(start < Math.max(most, 1) && start + count <= most, 'EINVAL');
  const perInterrupt = DATA_BYTES.get(flags & DATA);
  if (perInterrupt === undefined) throw errno('EINVAL');
  check(argsz >= HEADER_SIZE + perInterrupt * count, 'EINVAL');
  check(bytes.length >= HEADER_SIZE + perInterrupt * count, 'EFAULT');
  const action = flags & ACTIONS;
  check([ACTION_MASK, ACTION_UNMASK, ACTION_TRIGGER].some((one) => one === action) && isSupported(index, action), 'ENOTTY');
  return 0;
};
