import type { RamSection } from '../backends/address-space.ts';
import type { RamBlock } from '../backends/ram.ts';

const GIB = 1024n ** 3n;

/** Where a family of machine types puts its RAM. */
interface Layout {
  readonly machine: RegExp;
  /** Address of the first byte. */
  readonly start: bigint;
  /** From this size on only `low` bytes lie below 4 GiB, so that the rest starts at a GiB boundary; undefined: all in one piece. */
  readonly split?: { readonly limit: bigint; readonly low: bigint };
}

/** QEMU hw/i386/pc_q35.c; the built-in machine is laid out alike. */
const Q35: Layout = { machine: /^/, start: 0n, split: { limit: 0xb000_0000n, low: 2n * GIB } };

/** hw/i386/pc_piix.c, hw/arm/virt.c, hw/s390x/s390-virtio-ccw.c */
const LAYOUTS: readonly Layout[] = [
  { machine: /^(pc|isapc)$|^pc-i440fx-/, start: 0n, split: { limit: 0xe000_0000n, low: 3n * GIB } },
  { machine: /^virt(-|$)/, start: GIB },
  { machine: /^s390-ccw-virtio/, start: 0n },
  Q35,
];

/** AMD's IOMMU translates nothing in here (HyperTransport), up to 1 TiB. */
const HT_START = 0xfd_0000_0000n;
/** The window for 64-bit BARs that PC machines leave behind RAM (`pci-hole64-size` of q35). */
const PCI_WINDOW = 32n * GIB;

/** With an AMD CPU, what would come near that hole starts behind it (QEMU hw/i386/pc.c, pc_set_amd_above_4g_mem_start; since 7.1). */
const highStart = (size: bigint, isAmd: boolean): bigint =>
  isAmd && 4n * GIB + size + PCI_WINDOW > HT_START ? 1024n * GIB : 4n * GIB;

interface GuestHost {
  /** Machine type; the built-in one if not given. */
  readonly machine?: string;
  /** Whether QEMU sees an AMD CPU: the IOMMUs of the host are AMD's. The built-in machine has no CPU and stays below. */
  readonly isAmd?: boolean;
  /** The step that mapping waits for, where that is not the one that makes the block. */
  readonly readyAfter?: string | undefined;
}

/** Where guest RAM appears on the bus: below 4 GiB and, for what does not fit there, above. */
export const layOutRam = (block: RamBlock, { machine = '', isAmd = false, readyAfter }: GuestHost = {}): RamSection[] => {
  const { start, split } = LAYOUTS.find((layout) => layout.machine.test(machine)) ?? Q35;
  const low = split === undefined || block.size < split.limit ? block.size : split.low;
  const sections: RamSection[] = [{ iova: start, size: low, block: block.id, offset: 0n, readyAfter }];
  const high = block.size - low;
  if (high > 0n) {
    sections.push({ iova: highStart(high, isAmd), size: high, block: block.id, offset: low, readyAfter });
  }
  return sections;
};
