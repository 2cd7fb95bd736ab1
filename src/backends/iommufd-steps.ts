import { failure } from '../errors/problem.ts';
import { call, callAsync, type CallOptions, type CallResult } from '../kernel/call.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { OwnedFd } from '../kernel/owned-fd.ts';
import { BIND_FLAGS, IOMMU_OPTION_ID, IOMMU_OPTION_OP } from '../kernel/uapi/constants.ts';
import type { AddressSpace, AttachDevice, IommufdObject } from './address-space.ts';
import { attachToIoas, detachFromIoas } from './hwpt.ts';
import { readIoasRanges } from './ioas-ranges.ts';
import { checkIovaRanges } from './iova-ranges.ts';
import type { Session } from './session.ts';
import { deviceFdSlot, deviceIdSlot, ioasSlot, iommufdSlot, rangesSlot } from './slots.ts';
import type { Step } from './step.ts';
import { tokenBytes } from './vf-token.ts';

const IOMMU_NODE = '/dev/iommu';

/** The bind struct with its token field, since Linux 6.17. */
const BIND_SIZE_WITH_TOKEN = 24;

export const openIommufdId = (object: IommufdObject): string => `open:${object.path}`;

/** Opens /dev/iommu, unless the user passed one. */
export const openIommufdStep = (object: IommufdObject, device: AttachDevice): Step => ({
  id: openIommufdId(object),
  call: object.fd === undefined ? 'open' : 'inherit',
  subject: object.fd === undefined ? IOMMU_NODE : `fd ${object.fd}`,
  after: [],
  device,
  run: (session) => {
    const { kernel } = session;
    session.put(
      iommufdSlot(object),
      object.fd === undefined ? OwnedFd.own(kernel, kernel.open(IOMMU_NODE, { write: true })) : OwnedFd.borrow(object.fd),
    );
  },
  undo: (session) => session.get(iommufdSlot(object)).close(),
  explain: (reason) => ({ message: `Could not open '${IOMMU_NODE}': ${reason}` }),
});

const RLIMIT_MODE_PROCESS = 1n;

const limitModeId = (object: IommufdObject): string => `IOMMU_OPTION:${object.path}`;

/**
 * Charges what is pinned to this process instead of all processes of the user. It takes CAP_SYS_RESOURCE, and comes before the first
 * object of the iommufd (drivers/iommu/iommufd/main.c). A passed iommufd keeps the mode that its opener gave it.
 */
export const limitModeSteps = (object: IommufdObject, device: AttachDevice): Step[] => {
  if (object.fd !== undefined || object.accounting === 'user') {
    return [];
  }
  return [
    {
      id: limitModeId(object),
      call: 'IOMMU_OPTION',
      subject: object.path,
      after: [openIommufdId(object)],
      device,
      run: (session) => {
        const values = { option_id: IOMMU_OPTION_ID.RLIMIT_MODE, op: IOMMU_OPTION_OP.SET, val64: RLIMIT_MODE_PROCESS };
        call(session.kernel, session.get(iommufdSlot(object)).number, 'IOMMU_OPTION', values);
      },
      explain: (reason) => ({ message: `Failed to set the limit mode of ${object.id}: ${reason}` }),
    },
  ];
};

/** What makes objects waits for this step. */
const iommufdReadyId = (object: IommufdObject): string =>
  object.fd === undefined && object.accounting === 'process' ? limitModeId(object) : openIommufdId(object);

/** The node must be the device that sysfs names: it could be stale or replaced. @throws CDEV_MISSING */
const checkCdev = (kernel: Kernel, fd: number, device: AttachDevice, cdev: NonNullable<AttachDevice['cdev']>): void => {
  const status = kernel.status(fd);
  if (status.kind === 'character' && status.device === cdev.device) {
    return;
  }
  throw failure('CDEV_MISSING', `vfio ${device.sysfs}/vfio-dev: Failed to open ${cdev.path}`, {
    subject: cdev.path,
    cause: `the node is ${status.kind === 'character' ? `device ${status.device}` : `a ${status.kind} file`}; sysfs says ${cdev.device}`,
    fixes: [`rm ${cdev.path} && mknod ${cdev.path} c ${cdev.device.replace(':', ' ')}`],
  });
};

const openCdev = (kernel: Kernel, device: AttachDevice, cdev: NonNullable<AttachDevice['cdev']>): OwnedFd => {
  const fd = OwnedFd.own(kernel, kernel.open(cdev.path, { write: true }));
  try {
    checkCdev(kernel, fd.number, device, cdev);
    return fd;
  } catch (error) {
    fd.close();
    throw error;
  }
};

export const openCdevStep = (device: AttachDevice): Step => ({
  id: `open:${device.path}`,
  call: device.fd === undefined ? 'open' : 'inherit',
  subject: device.fd === undefined ? (device.cdev?.path ?? device.sysfs) : `fd ${device.fd}`,
  after: [],
  device,
  run: (session) => {
    if (device.fd !== undefined) {
      session.put(deviceFdSlot(device), OwnedFd.borrow(device.fd));
    } else if (device.cdev !== undefined) {
      session.put(deviceFdSlot(device), openCdev(session.kernel, device, device.cdev));
    } else {
      throw failure(
        'CDEV_MISSING',
        `vfio ${device.sysfs}/vfio-dev: couldn't open directory ${device.sysfs}/vfio-dev: No such file or directory`,
      );
    }
  },
  undo: (session) => session.get(deviceFdSlot(device)).close(),
  explain: () => ({ message: `vfio ${device.sysfs}/vfio-dev: Failed to open ${device.cdev?.path ?? ''}` }),
});

const BIND = 'VFIO_DEVICE_BIND_IOMMUFD';

/**
 * On another thread, so that devices are reset side by side and the monitor goes on. Where nothing is waited for and nothing runs beside
 * it, handing the call over would take longer than the call.
 */
const bindCall = async (
  { kernel, attachesOne }: Session,
  { resets }: AttachDevice,
  fd: number,
  values: Parameters<typeof callAsync<typeof BIND>>[3],
  options: CallOptions = {},
): Promise<CallResult<typeof BIND>> =>
  resets || !attachesOne ? callAsync(kernel, fd, BIND, values, options) : call(kernel, fd, BIND, values, options);

const bind = async (session: Session, object: IommufdObject, device: AttachDevice): Promise<number> => {
  const { kernel } = session;
  const fd = session.get(deviceFdSlot(device)).number;
  const iommufd = session.get(iommufdSlot(object)).number;
  if (device.vfToken === undefined) {
    return (await bindCall(session, device, fd, { iommufd })).out_devid;
  }
  const token = kernel.allocate(16);
  token.bytes.set(tokenBytes(device.vfToken));
  const values = { iommufd, flags: BIND_FLAGS.TOKEN, token_uuid_ptr: token.address };
  const { out_devid } = await bindCall(session, device, fd, values, { size: BIND_SIZE_WITH_TOKEN });
  // Touching the bytes after the call keeps their memory alive until the kernel has read it.
  token.bytes.fill(0);
  return out_devid;
};

/** Binding opens the device in the kernel and resets it (about 100 ms with FLR). Closing the fd unbinds. */
export const bindStep = (object: IommufdObject, device: AttachDevice): Step => ({
  id: `${BIND}:${device.path}`,
  call: BIND,
  subject: device.path,
  after: [iommufdReadyId(object), `open:${device.path}`],
  device,
  run: async (session) => session.put(deviceIdSlot(device), await bind(session, object, device)),
  explain: (reason, session) => ({
    message: `error bind device fd=${session.get(deviceFdSlot(device)).number} to iommufd=${session.get(iommufdSlot(object)).number}: ${reason}`,
  }),
});

export const ioasStepId = (space: AddressSpace): string => `IOMMU_IOAS_ALLOC:${space.id}`;

export const ioasStep = (space: AddressSpace, object: IommufdObject): Step => ({
  id: ioasStepId(space),
  call: 'IOMMU_IOAS_ALLOC',
  subject: space.id,
  after: [iommufdReadyId(object)],
  device: space.devices[0],
  run: (session) => {
    const { out_ioas_id } = call(session.kernel, session.get(iommufdSlot(object)).number, 'IOMMU_IOAS_ALLOC');
    session.put(ioasSlot(space), out_ioas_id);
  },
  undo: (session) => {
    call(session.kernel, session.get(iommufdSlot(object)).number, 'IOMMU_DESTROY', { id: session.get(ioasSlot(space)) });
  },
  explain: (reason) => ({ message: `Failed to allocate ioas: ${reason}` }),
});

export const attachStepId = (device: AttachDevice): string => `VFIO_DEVICE_ATTACH_IOMMUFD_PT:${device.path}`;

/** QEMU's words for each of the calls that attaching makes (backends/iommufd.c, hw/vfio/iommufd.c). */
const explainAttach = (
  session: Session,
  space: AddressSpace,
  object: IommufdObject,
  device: AttachDevice,
  failedCall: string,
): string => {
  if (failedCall === 'IOMMU_GET_HW_INFO') {
    return 'Failed to get hardware info: ';
  }
  if (failedCall === 'IOMMU_HWPT_ALLOC') {
    return 'Failed to allocate hwpt: ';
  }
  const fds = { iommufd: session.get(iommufdSlot(object)).number, device: session.get(deviceFdSlot(device)).number };
  return `[iommufd=${fds.iommufd}] error attach ${device.name} (${fds.device}) to id=${session.get(ioasSlot(space))}: `;
};

/** Puts the device behind the page tables of the IOAS; from here on its DMA is translated. */
export const attachStep = (space: AddressSpace, object: IommufdObject, device: AttachDevice): Step => ({
  id: attachStepId(device),
  call: 'VFIO_DEVICE_ATTACH_IOMMUFD_PT',
  subject: device.path,
  after: [`${BIND}:${device.path}`, ioasStepId(space)],
  device,
  run: (session) => attachToIoas(session, space, object, device),
  undo: (session) => detachFromIoas(session, space, object, device),
  explain: (reason, session, failedCall) => ({ message: explainAttach(session, space, object, device, failedCall) + reason }),
});

export const ioasRangesId = (space: AddressSpace): string => `IOMMU_IOAS_IOVA_RANGES:${space.id}`;

/** After all devices are attached the IOAS knows every reserved range; guest RAM is compared with them before it is mapped. */
export const ioasRangesStep = (space: AddressSpace, object: IommufdObject): Step => ({
  id: ioasRangesId(space),
  call: 'IOMMU_IOAS_IOVA_RANGES',
  subject: space.id,
  after: space.devices.map(attachStepId),
  device: space.devices[0],
  run: (session) => {
    const ranges = readIoasRanges(session.kernel, session.get(iommufdSlot(object)).number, session.get(ioasSlot(space)));
    checkIovaRanges(space, ranges);
    session.put(rangesSlot(space), ranges);
  },
  explain: (reason) => ({ message: `Cannot get IOVA ranges: ${reason}` }),
});
