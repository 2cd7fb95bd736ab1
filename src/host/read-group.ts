import type { GroupFacts, ReservedRegion } from './model.ts';
import { isPciAddress } from './read-pci-device.ts';
import type { SystemFiles } from './system-files.ts';

const groupFolder = (id: number): string => `/sys/kernel/iommu_groups/${id}`;

export const readGroupNumbers = (files: SystemFiles): readonly number[] =>
  files
    .names('/sys/kernel/iommu_groups')
    .map(Number)
    .toSorted((a, b) => a - b);

/** Names of the devices in a group as their buses name them: PCI addresses, mdev UUIDs, platform names. */
export const readGroupMemberNames = (files: SystemFiles, id: number): readonly string[] =>
  files.names(`${groupFolder(id)}/devices`);

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

/**
 * Reads one IOMMU group. The IOMMU is that of its devices; mediated devices have none. vfio names the groups it makes itself
 * `vfio-noiommu`, those of mediated devices too, so only a PCI device in it makes it a group without IOMMU.
 * @returns undefined when there is no such group
 */
export const readGroup = (files: SystemFiles, id: number): GroupFacts | undefined => {
  const folder = groupFolder(id);
  if (!files.exists(folder)) return undefined;
  const members = readGroupMemberNames(files, id);
  const iommu = members.map((name) => files.linkName(`${folder}/devices/${name}/iommu`)).find((name) => name !== undefined);
  const noIommu = files.text(`${folder}/name`) === 'vfio-noiommu' && members.some(isPciAddress);
  return {
    id,
    iommu: iommu ?? 'unknown',
    type: files.text(`${folder}/type`) || 'unknown',
    reserved: parseReservedRegions(files.text(`${folder}/reserved_regions`) ?? ''),
    ...(noIommu && { noIommu }),
  };
};
