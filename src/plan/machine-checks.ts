import type { AddressSpace, RamSection } from '../backends/address-space.ts';
import { hex } from '../backends/iova-ranges.ts';
import type { Problem } from '../errors/problem.ts';
import type { ReservedRegion } from '../host/model.ts';
import { deviceProblem } from './device-problem.ts';
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

/** RAM that some devices of an address space cannot reach, all for the same reason. */
interface UnreachableRam {
  readonly section: RamSection;
  readonly where: string;
  readonly first: PlannedDevice;
  readonly groups: Set<number>;
}

/** Why a device cannot reach a section: a reserved range of its group, or the end of what its IOMMU translates. */
const unreachable = (section: RamSection, group: number, host: HostIndex): string | undefined => {
  const region = host
    .group(group)
    ?.reserved.find((candidate) => candidate.type !== 'direct-relaxable' && overlaps(section, candidate));
  if (region !== undefined) {
    return `over the reserved range ${region.start}-${region.end} (${region.type})`;
  }
  const lastIova = host.iommu(group)?.lastIova;
  return beyond(section, lastIova) ? `past the last IOVA ${lastIova}` : undefined;
};

const unreachableRam = (sections: readonly RamSection[], devices: readonly PlannedDevice[], host: HostIndex): UnreachableRam[] => {
  const found = new Map<string, UnreachableRam>();
  for (const device of devices) {
    for (const section of sections) {
      const where = unreachable(section, device.group, host);
      if (where === undefined) {
        continue;
      }
      const key = `${hex(section.iova)} ${where}`;
      const known = found.get(key) ?? { section, where, first: device, groups: new Set<number>() };
      known.groups.add(device.group);
      found.set(key, known);
    }
  }
  return [...found.values()];
};

const reservedProblem = ({ section, where, first, groups }: UnreachableRam): Problem => {
  const others = groups.size === 1 ? '' : ` and of ${groups.size - 1} more`;
  const remedy = {
    code: 'IOVA_RESERVED',
    cause: `guest RAM at ${hex(section.iova)}-${hex(section.iova + section.size - 1n)} lies ${where} of group ${first.group}${others}`,
    fixes: ['give the VM less RAM with -m, so that it ends below that range'],
  } as const;
  const message = `memory listener initialization failed: Region ${section.block}: guest RAM does not fit the usable IOVA ranges`;
  return deviceProblem(first, message, remedy);
};

/** Guest RAM where devices cannot reach it, once for each address space and range. */
export const checkReservedRanges = (
  spaces: readonly AddressSpace[],
  devices: readonly PlannedDevice[],
  host: HostIndex,
): Problem[] => {
  const byPath = new Map(devices.map((device) => [device.path, device]));
  return spaces.flatMap((space) => {
    const members = space.devices.flatMap(({ path }) => byPath.get(path) ?? []);
    return unreachableRam(space.sections, members, host).map(reservedProblem);
  });
};

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
