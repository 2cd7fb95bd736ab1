import type { AddressSpace, RamSection } from '../backends/address-space.ts';
import { hex } from '../backends/iova-ranges.ts';
import type { Problem } from '../errors/problem.ts';
import type { ReservedRegion } from '../host/model.ts';
import { deviceProblem } from './device-checks.ts';
import type { HostIndex } from './host-index.ts';
import type { PlannedDevice } from './planned-device.ts';
import { formatBytes } from './remedies.ts';

/** The same host device twice, however it was named. QEMU finds this on type1 only. */
export const checkDuplicates = (devices: readonly PlannedDevice[]): Problem[] => {
  const first = new Map<string, PlannedDevice>();
  return devices.flatMap((device) => {
    const earlier = first.get(device.name);
    if (earlier === undefined) {
      first.set(device.name, device);
      return [];
    }
    const remedy = {
      code: 'DUPLICATE_DEVICE',
      cause: `${earlier.path} is the same host device ${device.name}: ${earlier.location}`,
      fixes: ['remove one of the two'],
    } as const;
    return [deviceProblem(device, 'device is already attached', remedy)];
  });
};

/** Devices of one group share their translation, so they must be in one address space. */
export const checkGroupSplit = (devices: readonly PlannedDevice[], spaceOf: (device: PlannedDevice) => string): Problem[] => {
  const first = new Map<number, PlannedDevice>();
  return devices.flatMap((device) => {
    const earlier = first.get(device.group);
    if (earlier === undefined) {
      first.set(device.group, device);
      return [];
    }
    if (spaceOf(earlier) === spaceOf(device)) {
      return [];
    }
    const remedy = {
      code: 'GROUP_SPLIT',
      cause: `${earlier.name} of the same group is in ${spaceOf(earlier)} (${earlier.reason}), ${device.name} in ${spaceOf(device)} (${device.reason})`,
      fixes: ['give both devices the same iommufd=, or none'],
    } as const;
    return [deviceProblem(device, `group ${device.group} used in multiple address spaces`, remedy)];
  });
};

const overlaps = (section: RamSection, { start, end }: ReservedRegion): boolean =>
  section.iova <= BigInt(end) && BigInt(start) < section.iova + section.size;

const beyond = (section: RamSection, lastIova: string | undefined): boolean =>
  lastIova !== undefined && lastIova !== 'unknown' && section.iova + section.size - 1n > BigInt(lastIova);

/** Guest RAM where a device cannot reach it: reserved ranges of its group, or past the end of what its IOMMU translates. */
export const checkReservedRanges = (
  spaces: readonly AddressSpace[],
  devices: readonly PlannedDevice[],
  host: HostIndex,
): Problem[] =>
  devices.flatMap((device) => {
    const sections = spaces.find((space) => space.devices.some(({ path }) => path === device.path))?.sections ?? [];
    const reserved = (host.group(device.group)?.reserved ?? []).filter(({ type }) => type !== 'direct-relaxable');
    const lastIova = host.iommu(device.group)?.lastIova;
    return sections.flatMap((section) => {
      const region = reserved.find((candidate) => overlaps(section, candidate));
      if (region === undefined && !beyond(section, lastIova)) {
        return [];
      }
      const where =
        region === undefined
          ? `past the last IOVA ${lastIova}`
          : `over the reserved range ${region.start}-${region.end} (${region.type})`;
      const remedy = {
        code: 'IOVA_RESERVED',
        cause: `guest RAM at ${hex(section.iova)}-${hex(section.iova + section.size - 1n)} lies ${where} of group ${device.group}`,
        fixes: ['give the VM less RAM with -m, so that it ends below that range'],
      } as const;
      return [
        deviceProblem(
          device,
          `memory listener initialization failed: Region ${section.block}: guest RAM does not fit the usable IOVA ranges`,
          remedy,
        ),
      ];
    });
  });

/** RAM is pinned once for each address space: legal, but nobody should find out from a memlock error. */
export const checkDoubleMap = (spaces: readonly AddressSpace[], memoryBytes: bigint): Problem[] => {
  if (spaces.length < 2) {
    return [];
  }
  return [
    {
      code: 'DOUBLE_MAP',
      severity: 'warning',
      subject: spaces.map(({ id }) => id).join(', '),
      message: `guest RAM is mapped ${spaces.length} times, once for each address space`,
      cause: `${formatBytes(memoryBytes)} count ${spaces.length} times: ${spaces.map(({ id, devices }) => `${id} has ${devices.map(({ name }) => name).join(', ')}`).join('; ')}`,
      fixes: ['let all devices link to one iommufd object'],
    },
  ];
};
