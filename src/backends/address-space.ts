import type { Location } from '../errors/problem.ts';

export const BACKENDS = ['type1', 'iommufd', 'iommufd-compat'] as const;

/** How a device is attached: the VFIO type1 container, iommufd by cdev, or group and container calls on an iommufd. */
export type BackendName = (typeof BACKENDS)[number];

/** A device as a backend needs it: where it is on the host and how it is called in messages. */
export interface AttachDevice {
  /** QOM path, e.g. `/machine/peripheral/hostdev0`. */
  readonly path: string;
  /** What QEMU calls it in messages: the PCI address or mdev UUID. */
  readonly name: string;
  readonly location: Location;
  /** e.g. `/sys/bus/pci/devices/0000:01:00.0` */
  readonly sysfs: string;
  readonly group: number;
  /** Node and device number (`major:minor`) of the cdev, where it has one. */
  readonly cdev: { readonly path: string; readonly device: string } | undefined;
  /** An inherited cdev to use instead of opening the node. */
  readonly fd: number | undefined;
  /** Shown to the guest as a PCI function; channel devices and crypto adapters are not. */
  readonly isPci: boolean;
  /** Emulated by a kernel driver (mdev): it has no IOMMU of its own. */
  readonly mediated: boolean;
  /** Whether the kernel may reset it when it is opened, and wait for that. */
  readonly resets: boolean;
  /** Token for SR-IOV functions whose physical function is held by a user-space driver. */
  readonly vfToken: string | undefined;
}

/** Guest RAM that devices of an address space can reach. */
export interface RamSection {
  readonly iova: bigint;
  /** Bytes. */
  readonly size: bigint;
  readonly block: string;
  /** Bytes into the block. */
  readonly offset: bigint;
  /** The step after which it can be mapped, where that is not the one that makes the block. */
  readonly readyAfter?: string | undefined;
}

/** One set of I/O page tables: a container, or an IOAS. Guest RAM is mapped once in each. */
export interface AddressSpace {
  readonly id: string;
  readonly backend: BackendName;
  /** The iommufd object, for backends that have one. */
  readonly object: IommufdObject | undefined;
  readonly devices: readonly [AttachDevice, ...AttachDevice[]];
  readonly sections: readonly RamSection[];
}

export interface IommufdObject {
  readonly id: string;
  readonly path: string;
  /** An inherited /dev/iommu; it is never closed here. */
  readonly fd: number | undefined;
  readonly compat: 'type1v2' | 'type1' | undefined;
  /** Whose limit pinned memory is held against. The kernel's default is the user; `process` is set after opening (IOMMU_OPTION_RLIMIT_MODE). */
  readonly accounting: 'user' | 'process';
}
