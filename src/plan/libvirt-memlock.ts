/** What libvirt's formula looks at in a domain. */
export interface LibvirtDomain {
  /** Bytes, memory devices included. */
  readonly memory: bigint;
  /** PCI and mediated host devices. iommufd changes nothing: they count the same. */
  readonly vfioDevices: number;
  /** vIOMMUs of the guest. With one, every device is taken to have an address space of its own. */
  readonly viommus?: number;
  readonly nvmeDisks?: number;
  readonly vdpaDevices?: number;
  /** `<hard_limit>` of `<memtune>`, in bytes. */
  readonly hardLimit?: bigint;
  /** `<locked/>` in `<memoryBacking>`. */
  readonly locked?: boolean;
  /** PCI host bridges of a ppc64 guest, which has a formula of its own. */
  readonly ppc64HostBridges?: number;
}

export interface LibvirtMemlock {
  /** Bytes; 0: libvirt leaves the limit as it is. */
  readonly bytes: bigint | 'unlimited';
  /** How it comes about, for people. */
  readonly formula: string;
}

const KIB = 1024n;
const MIB = 1024n * KIB;
const GIB = 1024n * MIB;

/** For device memory that a guest may map, which iommufd and type1 do not charge. */
const SLACK = GIB;

/** Tables of the hypervisor for each bridge, and windows for DMA (qemu_domain.c, getPPC64MemLockLimitBytes), counted in KiB. */
const ppc64Limit = (memory: bigint, bridges: bigint, passesDevices: boolean): bigint => {
  const kib = memory / KIB;
  const base = kib / 128n + 4096n * bridges + 8192n;
  const windows = 2n * MIB * bridges;
  const mapped = kib + (kib / 512n) * bridges + 8192n;
  return (base + (passesDevices ? (windows > mapped ? windows : mapped) : 0n)) * KIB;
};

/**
 * The RLIMIT_MEMLOCK that libvirt gives QEMU for a domain (src/qemu/qemu_domain.c, qemuDomainGetMemLockLimitBytes; the same in
 * 11.3 and later).
 */
export const libvirtMemlock = (domain: LibvirtDomain): LibvirtMemlock => {
  const { memory, vfioDevices, viommus = 0, nvmeDisks = 0, vdpaDevices = 0 } = domain;
  if (domain.hardLimit !== undefined) {
    return { bytes: domain.hardLimit, formula: 'the hard_limit of the domain' };
  }
  if (domain.locked === true) {
    return { bytes: 'unlimited', formula: 'the domain locks all its memory' };
  }
  if (domain.ppc64HostBridges !== undefined) {
    const bytes = ppc64Limit(memory, BigInt(domain.ppc64HostBridges), vfioDevices + vdpaDevices > 0);
    return { bytes, formula: 'RAM/128 + 4 MiB per host bridge + 8 MiB, and the DMA windows when devices are passed' };
  }
  const perDevices = vfioDevices > 0 && viommus === 0 ? 1 : vfioDevices;
  const factor = perDevices + nvmeDisks + vdpaDevices;
  return factor === 0
    ? { bytes: 0n, formula: 'no device that pins guest RAM' }
    : { bytes: BigInt(factor) * memory + SLACK, formula: `${factor} x RAM + 1 GiB` };
};
