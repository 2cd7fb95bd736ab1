import type { IommuFacts, Known } from './model.ts';
import type { SystemFiles } from './system-files.ts';

type Capabilities = Pick<IommuFacts, 'lastIova' | 'dirtyTracking' | 'enforcesCoherency'>;

const UNKNOWN: Capabilities = { lastIova: 'unknown', dirtyTracking: 'unknown', enforcesCoherency: 'unknown' };

const iommuFolder = (name: string): string => `/sys/class/iommu/${name}`;

const bit = (register: bigint, position: bigint): boolean => ((register >> position) & 1n) === 1n;

const parseRegister = (text: string | undefined): bigint | undefined =>
  text !== undefined && /^[0-9a-f]+$/.test(text) ? BigInt(`0x${text}`) : undefined;

/**
 * Names are given by the drivers: `dmarN` (intel/dmar.c), `ivhdN` (amd/init.c), `smmu3.…` and `smmu.…` (arm). virtio-iommu uses the name of
 * its bus device, so it is known by the folder it lies in.
 */
const iommuType = (files: SystemFiles, name: string): IommuFacts['type'] => {
  if (/^dmar\d+$/.test(name)) return 'intel';
  if (/^ivhd\d+$/.test(name)) return 'amd';
  if (/^smmu(3)?\./.test(name)) return 'arm-smmu';
  return /^virtio|\/virtio\d+\/iommu\//.test(files.realPath(iommuFolder(name)) ?? name) ? 'virtio' : 'other';
};

/** Widths of second-stage tables by SAGAW bit (VT-d specification, capability register): bit 1 is 39, bit 2 is 48, bit 3 is 57 bits. */
const TABLE_WIDTHS = [
  [3n, 57n],
  [2n, 48n],
  [1n, 39n],
] as const;

/**
 * Second-stage translation reaches as far as both the adapter (MGAW) and the widest supported table (SAGAW). With scalable mode and
 * first-stage tables in the hardware the kernel may use those, which reach less far; which it uses cannot be seen here.
 */
const intelLastIova = (cap: bigint, ecap: bigint): Known<string> => {
  const [scalable, firstStage] = [bit(ecap, 43n), bit(ecap, 47n)];
  if (scalable && firstStage) return 'unknown';
  const adapterWidth = ((cap >> 16n) & 0x3fn) + 1n;
  const tableWidth = TABLE_WIDTHS.find(([position]) => bit(cap >> 8n, position))?.[1];
  if (tableWidth === undefined) return 'unknown';
  const width = adapterWidth < tableWidth ? adapterWidth : tableWidth;
  return `0x${((1n << width) - 1n).toString(16)}`;
};

/** From the registers in `intel-iommu/cap` and `ecap`: snoop control (7), scalable mode (43), second-stage access and dirty bits (45). */
const intelCapabilities = (files: SystemFiles, name: string): Capabilities => {
  const cap = parseRegister(files.text(`${iommuFolder(name)}/intel-iommu/cap`));
  const ecap = parseRegister(files.text(`${iommuFolder(name)}/intel-iommu/ecap`));
  if (cap === undefined || ecap === undefined) return UNKNOWN;
  return {
    lastIova: intelLastIova(cap, ecap),
    // The hardware can; whether scalable mode is on is the kernel's choice.
    dirtyTracking: bit(ecap, 43n) && bit(ecap, 45n) ? 'unknown' : false,
    enforcesCoherency: bit(ecap, 7n),
  };
};

/** From `amd-iommu/features`, since 6.7 `EFR2:EFR`: HDSUP (52). AMD always enforces coherency; the reach depends on the table format chosen. */
const amdCapabilities = (files: SystemFiles, name: string): Capabilities => {
  const features = parseRegister(
    files
      .text(`${iommuFolder(name)}/amd-iommu/features`)
      ?.split(':')
      .at(-1),
  );
  return { ...UNKNOWN, dirtyTracking: features === undefined ? 'unknown' : bit(features, 52n), enforcesCoherency: true };
};

/**
 * Whether MSIs are remapped, from the names of the interrupt chips in /proc/interrupts: with interrupt remapping x86 puts `IR-` before
 * them (`IR-PCI-MSI`; intel/irq_remapping.c, amd/iommu.c). Unknown when no chip of either sort is listed.
 */
export const readIsolatedMsi = (files: SystemFiles): Known<boolean> => {
  const interrupts = files.text('/proc/interrupts') ?? '';
  if (/\bIR-(?:IO-APIC|PCI-MSI)/.test(interrupts)) return true;
  return /(?<!-)\b(?:IO-APIC|PCI-MSI)/.test(interrupts) ? false : 'unknown';
};

const capabilities = (files: SystemFiles, name: string, type: IommuFacts['type']): Capabilities => {
  switch (type) {
    case 'intel':
      return intelCapabilities(files, name);
    case 'amd':
      return amdCapabilities(files, name);
    case 'virtio':
      return { lastIova: 'unknown', dirtyTracking: false, enforcesCoherency: false };
    case 'arm-smmu':
    case 'other':
      return UNKNOWN;
  }
};

/** Reads one IOMMU of /sys/class/iommu. @param isolatedMsi what `readIsolatedMsi` says; it speaks of x86 alone */
export const readIommu = (files: SystemFiles, name: string, isolatedMsi: Known<boolean>): IommuFacts => {
  const type = iommuType(files, name);
  const mayBeX86 = type === 'intel' || type === 'amd' || type === 'virtio';
  return { name, type, isolatedMsi: mayBeX86 ? isolatedMsi : 'unknown', ...capabilities(files, name, type) };
};
