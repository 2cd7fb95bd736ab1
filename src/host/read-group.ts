import type { GroupFacts, ReservedRegion } from './model.ts';
import { isPciAddress } from './read-pci-device.ts';
import type { SystemFiles } from './system-files.ts';

const groupFolder = (id: number): string => `/sys/kernel/iommu_groups/${id}`;

export const readGroupNumbers = (files: SystemFiles): readonly number[] =>
  files
    .names('/sys/kernel/iommu_groups')
    .map(Number)
    .toSorted((a, b) => a - b);

const REGION_TYPES: ReadonlySet<string> = new Set<ReservedRegion['type']>(['direct', 'direct-relaxable', 'reserved', 'msi']);

const isRegionType = (text: string): text is ReservedRegion['type'] => REGION_TYPES.has(text);

const shortHex = (padded: string): string => `0x${BigInt(padded).toString(16)}`;

/** Lines of `start end type`, both ends inclusive (Documentation/ABI/testing/sysfs-kernel-iommu_groups). A type it does not know counts as reserved. */
const parseReservedRegions = (text: string): ReservedRegion[] =>
  text.split('\n').flatMap((line) => {
    const [start, end, type] = line.split(' ');
    if (start === undefined || end === undefined || type === undefined) return [];
    return [{ start: shortHex(start), end: shortHex(end), type: isRegionType(type) ? type : 'reserved' }];
  });

const iommuOf = (files: SystemFiles, folder: string, members: readonly string[]): string | undefined => {
  for (const name of members) {
    const iommu = files.linkName(`${folder}/devices/${name}/iommu`);
    if (iommu !== undefined) return iommu;
  }
  return undefined;
};

export interface GroupReading {
  readonly facts: GroupFacts;
  /** As their buses name them: PCI addresses, mdev UUIDs, platform names. */
  readonly members: readonly string[];
}

/**
 * Reads one IOMMU group. The IOMMU is that of its devices; mediated devices have none. vfio names the groups it makes itself
 * `vfio-noiommu`, those of mediated devices too, so only a PCI device in it makes it a group without IOMMU.
 * @param inventory also what only lists of the host's devices tell
 * @returns undefined when there is no such group
 */
export const readGroup = (files: SystemFiles, id: number, inventory: boolean): GroupReading | undefined => {
  const folder = groupFolder(id);
  const members = files.names(`${folder}/devices`);
  if (members.length === 0 && !files.exists(folder)) return undefined;
  const iommu = iommuOf(files, folder, members);
  const noIommu = iommu === undefined && members.some(isPciAddress) && files.text(`${folder}/name`) === 'vfio-noiommu';
  const facts: GroupFacts = {
    id,
    iommu: iommu ?? 'unknown',
    type: (inventory && files.text(`${folder}/type`)) || 'unknown',
    reserved: parseReservedRegions(files.text(`${folder}/reserved_regions`) ?? ''),
    ...(noIommu && { noIommu }),
  };
  return { facts, members };
};
