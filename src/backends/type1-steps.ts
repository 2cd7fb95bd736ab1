import { failure } from '../errors/problem.ts';
import { call, callAsync } from '../kernel/call.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { OwnedFd } from '../kernel/owned-fd.ts';
import { EXTENSION, TYPE1_MAP_FLAGS, VFIO_API_VERSION } from '../kernel/uapi/constants.ts';
import type { AddressSpace, AttachDevice, RamSection } from './address-space.ts';
import { groupFd, joinContainerId } from './group-steps.ts';
import { checkIovaRanges, hex } from './iova-ranges.ts';
import { ramStepId } from './ram.ts';
import { containerSlot, deviceFdSlot, ramSlot, rangesSlot } from './slots.ts';
import type { Step } from './step.ts';
import { readType1Ranges } from './type1-ranges.ts';
import { tokenText } from './vf-token.ts';

export const CONTAINER_NODE = '/dev/vfio/vfio';

const setupFailed = (space: AddressSpace, text: string): string =>
  `failed to setup container for group ${space.devices[0].group}: ${text}`;

export const openContainerId = (space: AddressSpace): string => `open:${space.id}`;

const checkApiVersion = (kernel: Kernel, container: number, space: AddressSpace): void => {
  const { result } = call(kernel, container, 'VFIO_GET_API_VERSION');
  if (result !== VFIO_API_VERSION) {
    throw failure('KERNEL_TOO_OLD', setupFailed(space, `supported vfio version: ${VFIO_API_VERSION}, reported version: ${result}`));
  }
};

export const openContainerStep = (space: AddressSpace): Step => ({
  id: openContainerId(space),
  call: 'open',
  subject: CONTAINER_NODE,
  after: [],
  device: space.devices[0],
  run: (session) => {
    const fd = OwnedFd.own(session.kernel, session.kernel.open(CONTAINER_NODE, { write: true }));
    try {
      checkApiVersion(session.kernel, fd.number, space);
    } catch (error) {
      fd.close();
      throw error;
    }
    session.put(containerSlot(space), fd);
  },
  undo: (session) => session.get(containerSlot(space)).close(),
  explain: (reason) => ({ message: setupFailed(space, `Could not open '${CONTAINER_NODE}': ${reason}`) }),
});

/** IOMMU models in QEMU's order of preference; version 2 lets part of a mapping go only as a whole, which is what we do. */
const MODELS = [EXTENSION.TYPE1v2_IOMMU, EXTENSION.TYPE1_IOMMU] as const;

const chooseModel = (kernel: Kernel, container: number, space: AddressSpace): number => {
  const model = MODELS.find((extension) => call(kernel, container, 'VFIO_CHECK_EXTENSION', extension).result > 0);
  if (model === undefined) {
    throw failure('TYPE1_MISSING', setupFailed(space, 'No available IOMMU models'), {
      cause: 'the kernel has no type1 IOMMU driver for VFIO loaded',
      fixes: ['modprobe vfio_iommu_type1'],
    });
  }
  return model;
};

export const setIommuId = (space: AddressSpace): string => `VFIO_SET_IOMMU:${space.id}`;

/** @param model fixed for the compat layer, else chosen by what the container offers */
export const setIommuStep = (space: AddressSpace, model?: number): Step => ({
  id: setIommuId(space),
  call: 'VFIO_SET_IOMMU',
  subject: space.id,
  after: [joinContainerId(space.devices[0].group)],
  device: space.devices[0],
  run: (session) => {
    const container = session.get(containerSlot(space)).number;
    call(session.kernel, container, 'VFIO_SET_IOMMU', model ?? chooseModel(session.kernel, container, space));
  },
  explain: (reason) => ({ message: setupFailed(space, `Failed to set iommu for container: ${reason}`) }),
});

export const containerInfoId = (space: AddressSpace): string => `VFIO_IOMMU_GET_INFO:${space.id}`;

export const containerInfoStep = (space: AddressSpace, after: readonly string[]): Step => ({
  id: containerInfoId(space),
  call: 'VFIO_IOMMU_GET_INFO',
  subject: space.id,
  after,
  device: space.devices[0],
  run: (session) => {
    const ranges = readType1Ranges(session.kernel, session.get(containerSlot(space)).number);
    if (ranges !== undefined) {
      checkIovaRanges(space, ranges);
      session.put(rangesSlot(space), ranges);
    }
  },
  explain: (reason) => ({ message: setupFailed(space, `Failed to get VFIO IOMMU info: ${reason}`) }),
});

const mapStepId = (space: AddressSpace, section: RamSection): string => `VFIO_IOMMU_MAP_DMA:${space.id}@${hex(section.iova)}`;

/** Pins and maps one section. The container holds its lock meanwhile, so sections go one after another. */
const mapStep = (space: AddressSpace, section: RamSection, previous: string): Step => ({
  id: mapStepId(space, section),
  call: 'VFIO_IOMMU_MAP_DMA',
  subject: space.id,
  after: [previous, section.readyAfter ?? ramStepId(section.block)],
  device: space.devices[0],
  mappedBytes: section.size,
  run: async (session) => {
    const { address } = session.get(ramSlot(section.block));
    await callAsync(session.kernel, session.get(containerSlot(space)).number, 'VFIO_IOMMU_MAP_DMA', {
      flags: TYPE1_MAP_FLAGS.READ | TYPE1_MAP_FLAGS.WRITE,
      vaddr: address + section.offset,
      iova: section.iova,
      size: section.size,
    });
  },
  undo: (session) => {
    call(session.kernel, session.get(containerSlot(space)).number, 'VFIO_IOMMU_UNMAP_DMA', {
      iova: section.iova,
      size: section.size,
    });
  },
  explain: (reason) => ({
    message: setupFailed(
      space,
      `memory listener initialization failed: Region ${section.block}: vfio_container_dma_map(${hex(section.iova)}, ${hex(section.size)}): ${reason}`,
    ),
  }),
});

export const mapSteps = (space: AddressSpace): Step[] =>
  space.sections.map((section, index) => {
    const previous = space.sections[index - 1];
    return mapStep(space, section, previous === undefined ? containerInfoId(space) : mapStepId(space, previous));
  });

export const deviceFdId = (device: AttachDevice): string => `VFIO_GROUP_GET_DEVICE_FD:${device.path}`;

/** Opens the device through its group, which resets it; it runs beside the mapping of RAM, which does not need it. */
export const deviceFdStep = (device: AttachDevice, after: readonly string[]): Step => ({
  id: deviceFdId(device),
  call: 'VFIO_GROUP_GET_DEVICE_FD',
  subject: device.path,
  after,
  device,
  run: async (session) => {
    const name = device.vfToken === undefined ? device.name : `${device.name} vf_token=${tokenText(device.vfToken)}`;
    const { result } = await callAsync(session.kernel, groupFd(session, device.group), 'VFIO_GROUP_GET_DEVICE_FD', name);
    session.put(deviceFdSlot(device), OwnedFd.own(session.kernel, result));
  },
  undo: (session) => session.get(deviceFdSlot(device)).close(),
  explain: (reason) => ({
    message: `error getting device from group ${device.group}: ${reason}`,
    hint: [`Verify all devices in group ${device.group} are bound to vfio-<bus> or pci-stub and not already in use`],
  }),
});
