import { DEVICE_FEATURE, DEVICE_FEATURE_FLAGS } from '../uapi/constants.ts';
import { check, errno } from './errno-exception.ts';
import type { CdevFile, DeviceFile } from './files.ts';
import type { Handler } from './handler.ts';
import { STRUCTS } from '../uapi/structs.ts';
import { vfioStruct } from './struct-argument.ts';
import { hasVirtualFunctions, UUID_BYTES, uuidText } from './vf-token.ts';
import type { VfioDevice } from './vfio-device.ts';
import type { World } from './world.ts';

const { GET, MASK, PROBE, SET } = DEVICE_FEATURE_FLAGS;
const HEADER_SIZE = STRUCTS.vfio_device_feature.size;

/** Feature ids of vfio-pci, and the direction each has. @throws ErrnoException ENOTTY for those it does not have */
const directionOf = (world: World, device: VfioDevice, id: number): number => {
  switch (id) {
    case DEVICE_FEATURE.PCI_VF_TOKEN:
      if (hasVirtualFunctions(world, device)) return SET;
      throw errno('ENOTTY');
    case DEVICE_FEATURE.LOW_POWER_ENTRY:
    case DEVICE_FEATURE.LOW_POWER_ENTRY_WITH_WAKEUP:
    case DEVICE_FEATURE.LOW_POWER_EXIT:
      if (device.pci !== null) return SET;
      throw errno('ENOTTY');
    default:
      throw errno('ENOTTY');
  }
};

/** VFIO_DEVICE_FEATURE (vfio_ioctl_device_feature). Low power states are accepted and change nothing. */
export const deviceFeature: Handler<DeviceFile | CdevFile> = (world, { device }, argument) => {
  const { values, bytes } = vfioStruct(world.memory, 'vfio_device_feature', argument);
  const { flags } = values;
  check((flags & ~(MASK | GET | SET | PROBE)) === 0, 'EINVAL');
  const wanted = flags & (GET | SET);
  const isProbe = (flags & PROBE) !== 0;
  check(wanted !== (GET | SET) || isProbe, 'EINVAL');
  const direction = directionOf(world, device, flags & MASK);
  check((wanted & ~direction) === 0, 'EINVAL');
  if (isProbe) return 0;
  check(wanted !== 0, 'EINVAL');
  if ((flags & MASK) === DEVICE_FEATURE.PCI_VF_TOKEN) {
    check(bytes.length >= HEADER_SIZE + UUID_BYTES, 'EINVAL');
    device.token = uuidText(bytes.subarray(HEADER_SIZE, HEADER_SIZE + UUID_BYTES));
  }
  return 0;
};
