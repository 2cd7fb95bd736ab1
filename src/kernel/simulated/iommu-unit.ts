import type { GroupFacts, HostModel, IommuFacts, Known } from '../../host/model.ts';

/** An IOMMU with nothing left unknown: what its driver answers to VFIO and iommufd. */
export interface IommuUnit {
  readonly type: IommuFacts['type'];
  readonly lastIova: bigint;
  readonly isolatedMsi: boolean;
  readonly dirtyTracking: boolean;
  readonly enforcesCoherency: boolean;
  /** Bitmap of page sizes in bytes. */
  readonly pageSizes: bigint;
  /** What IOMMU_GET_HW_INFO reports: IOMMU_HW_INFO_TYPE_* and the bytes of its struct. */
  readonly hardwareInfo: { readonly type: number; readonly length: number };
  /** The driver has an alloc_paging_flags operation, without which every HWPT_ALLOC flag is EOPNOTSUPP. */
  readonly takesHwptFlags: boolean;
  readonly nesting: boolean;
  readonly pasid: boolean;
}

type TypeFacts = Pick<IommuUnit, 'pageSizes' | 'hardwareInfo' | 'takesHwptFlags' | 'nesting' | 'pasid'> & {
  readonly lastIova: bigint;
  readonly isolatedMsi: boolean;
  readonly enforcesCoherency: boolean;
};

const NO_INFO = { type: 0, length: 0 } as const;

/** Typical values per driver; they stand in for what a host model leaves unknown. */
const BY_TYPE: Readonly<Record<IommuFacts['type'], TypeFacts>> = {
  intel: {
    lastIova: 0xffff_ffff_ffffn,
    isolatedMsi: true,
    enforcesCoherency: true,
    pageSizes: 0x4020_1000n,
    hardwareInfo: { type: 1, length: 24 },
    takesHwptFlags: true,
    nesting: true,
    pasid: true,
  },
  amd: {
    lastIova: 0xffff_ffff_ffff_ffffn,
    isolatedMsi: true,
    enforcesCoherency: true,
    pageSizes: 0xf_ff7f_ffff_f000n,
    hardwareInfo: { type: 4, length: 16 },
    takesHwptFlags: true,
    nesting: false,
    pasid: false,
  },
  virtio: {
    lastIova: 0x7f_ffff_ffffn,
    isolatedMsi: false,
    enforcesCoherency: false,
    pageSizes: 0xffff_ffff_ffff_f000n,
    hardwareInfo: NO_INFO,
    takesHwptFlags: false,
    nesting: false,
    pasid: false,
  },
  'arm-smmu': {
    lastIova: 0xffff_ffff_ffffn,
    isolatedMsi: true,
    enforcesCoherency: true,
    pageSizes: 0x4020_1000n,
    hardwareInfo: { type: 2, length: 40 },
    takesHwptFlags: true,
    nesting: true,
    pasid: false,
  },
  other: {
    lastIova: 0xffff_ffff_ffffn,
    isolatedMsi: true,
    enforcesCoherency: false,
    pageSizes: 0x1000n,
    hardwareInfo: NO_INFO,
    takesHwptFlags: false,
    nesting: false,
    pasid: false,
  },
};

const known = <T>(value: Known<T> | undefined, otherwise: T): T => (value === undefined || value === 'unknown' ? otherwise : value);

/** The IOMMU that translates for a group. A group that names none gets the host's only one, or a typical one. */
export const unitOf = (model: HostModel, group: GroupFacts): IommuUnit => {
  const only = model.iommus.length === 1 ? model.iommus[0] : undefined;
  const facts = model.iommus.find(({ name }) => name === group.iommu) ?? only;
  const typical = BY_TYPE[facts?.type ?? 'other'];
  const lastIova = known(facts?.lastIova, 'unknown');
  return {
    ...typical,
    type: facts?.type ?? 'other',
    lastIova: lastIova === 'unknown' ? typical.lastIova : BigInt(lastIova),
    isolatedMsi: known(facts?.isolatedMsi, typical.isolatedMsi),
    dirtyTracking: known(facts?.dirtyTracking, false),
    enforcesCoherency: known(facts?.enforcesCoherency, typical.enforcesCoherency),
  };
};

/** Whether one page table can serve devices of both. */
export const sharesDomains = (a: IommuUnit, b: IommuUnit): boolean =>
  a.type === b.type && a.lastIova === b.lastIova && a.enforcesCoherency === b.enforcesCoherency;
