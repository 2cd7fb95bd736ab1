/**
 * The facts about a host that planning rests on, in the form `--host-model FILE` reads and `vmattach record` writes.
 * The simulated kernel is seeded from the same object. `'unknown'` is a value of its own: it could not be told (no permission,
 * not exposed by this kernel), which is different from absent.
 */
export type Known<T> = T | 'unknown';

/** Facts while they are being read. */
export type Writable<T> = { -readonly [K in keyof T]: T[K] };

export interface HostModel {
  readonly schema: 'vmattach.host/1';
  readonly description?: string;
  readonly kernel: KernelFacts;
  readonly process: ProcessFacts;
  /** Modules with a folder in /sys/module (loaded, or built in with parameters). */
  readonly modules: Readonly<Record<string, ModuleFacts>>;
  readonly iommus: readonly IommuFacts[];
  readonly groups: readonly GroupFacts[];
  readonly devices: readonly PciDeviceFacts[];
  readonly mediatedDevices?: readonly MediatedDeviceFacts[];
  readonly memory?: MemoryFacts;
  /** Device nodes by path. In a model file the nodes that a stock kernel makes may be left out (see `stockNodes`). */
  readonly nodes?: Readonly<Record<string, NodeFacts | null>>;
  /** fds this process was started with, by number; used by models to stand in for a parent that passes fds. */
  readonly fds?: Readonly<Record<string, FdFacts>>;
}

export interface KernelFacts {
  /** As uname -r: `6.12.95+deb13-amd64`. */
  readonly release: string;
  /** CONFIG_IOMMUFD. */
  readonly iommufd: Known<boolean>;
  /** CONFIG_VFIO_DEVICE_CDEV. */
  readonly vfioCdev: Known<boolean>;
  /** What serves /dev/vfio/vfio: the type1 container, iommufd's compat layer, or nothing. */
  readonly container: Known<'type1' | 'iommufd' | 'none'>;
}

export interface ProcessFacts {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  /** Effective capabilities that matter here, e.g. `CAP_IPC_LOCK`, `CAP_SYS_RESOURCE`. */
  readonly capabilities: readonly string[];
  /** The version of the device cgroup whose rules can be read. Absent: there is none, or they are BPF programs (version 2). */
  readonly deviceCgroup?: 'v1';
  /** RLIMIT_MEMLOCK in bytes, as a decimal string or number, or `unlimited`. */
  readonly memlock: { readonly soft: number | string; readonly hard: number | string };
}

export interface ModuleFacts {
  readonly parameters?: Readonly<Record<string, string>>;
}

export interface IommuFacts {
  /** As in /sys/class/iommu, e.g. `dmar0`, `ivhd0`. */
  readonly name: string;
  readonly type: 'intel' | 'amd' | 'virtio' | 'arm-smmu' | 'other';
  /** Highest usable IOVA, hexadecimal, e.g. `0xffffffffffff` for 48 bits. */
  readonly lastIova: Known<string>;
  readonly isolatedMsi: Known<boolean>;
  readonly dirtyTracking: Known<boolean>;
  readonly enforcesCoherency: Known<boolean>;
}

export interface ReservedRegion {
  /** Hexadecimal, both inclusive. */
  readonly start: string;
  readonly end: string;
  readonly type: 'direct' | 'direct-relaxable' | 'reserved' | 'msi';
}

export interface GroupFacts {
  readonly id: number;
  /** Which of `iommus` translates for it. */
  readonly iommu: Known<string>;
  readonly type: string;
  readonly reserved: readonly ReservedRegion[];
  /** A group vfio made up for a device without IOMMU (`enable_unsafe_noiommu_mode`); its node is /dev/vfio/noiommu-N. */
  readonly noIommu?: boolean;
}

export interface PciDeviceFacts {
  /** `0000:01:00.0` */
  readonly address: string;
  /** Hexadecimal IDs without prefix, lower case: `10de`. */
  readonly vendor: string;
  readonly device: string;
  /** Six hexadecimal digits: `030000`. */
  readonly class: string;
  /** A short human name if one is known, e.g. `NVIDIA GPU`. */
  readonly name?: string;
  readonly driver: string | null;
  readonly group: number | null;
  readonly resetMethods: readonly string[];
  readonly numaNode?: number;
  /** The cdev that vfio made for it: name and `major:minor`. Null when the device has none. */
  readonly cdev: CdevFacts | null;
  /** Address of the physical function if this is a VF. */
  readonly physicalFunction?: string;
  /** How many VFs a physical function has enabled (`sriov_numvfs`); absent when it cannot do SR-IOV. */
  readonly enabledVfs?: number;
  /** Address of the bridge above it, null on a root bus. Absent: a root bus is assumed for bus 00 only. */
  readonly bridge?: string | null;
  readonly bars?: readonly { readonly index: number; readonly size: string }[];
}

export interface CdevFacts {
  /** `vfio3`, also the node's name under /dev/vfio/devices. */
  readonly name: string;
  /** `major:minor` */
  readonly device: string;
}

export interface MediatedDeviceFacts {
  readonly uuid: string;
  readonly parent: string;
  readonly type: string;
  readonly deviceApi: string;
  readonly group: number | null;
  readonly cdev: CdevFacts | null;
}

export interface MemoryFacts {
  /** One pool for each page size, smallest first; empty when the kernel has none. */
  readonly hugePages: readonly HugePagePool[];
  readonly transparentHugePages: Known<'always' | 'madvise' | 'never'>;
}

export interface HugePagePool {
  /** Bytes. */
  readonly pageSize: number;
  readonly pages: number;
  /** How many a process that asks now can get: free, promised to nobody, and what the kernel would add (`nr_overcommit_hugepages`). */
  readonly available: number;
}

export interface NodeHolder {
  readonly pid: number;
  readonly command: string;
  /** Whether it has an iommufd open too; without one it cannot have bound a cdev, and an unbound cdev is in nobody's way. */
  readonly hasIommufd?: boolean;
}

export interface NodeFacts {
  readonly device: string;
  /** Octal, e.g. `0600`. */
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  /** A process that has it open, where that could be seen. */
  readonly heldBy?: NodeHolder;
  /** The device cgroup of this process does not let it open the node. Absent: it does, or nobody can tell (cgroup v2 rules are BPF programs). */
  readonly deniedByCgroup?: boolean;
}

export type FdKind =
  | 'iommufd'
  | 'vfio-cdev'
  | 'vfio-group'
  | 'vfio-container'
  | 'kvm'
  | 'memfd'
  | 'regular'
  | 'socket'
  | 'pipe'
  | 'eventfd'
  | 'eventpoll'
  | 'character'
  | 'directory'
  | 'other'
  | 'closed';

export interface FdFacts {
  readonly kind: FdKind;
  /** For a VFIO cdev: the PCI address (or mdev UUID) it belongs to. */
  readonly address?: string;
  /** For a VFIO group: its number. */
  readonly group?: number;
  /** What /proc/self/fd/N links to. */
  readonly target?: string;
  /** `major:minor` for a character device. */
  readonly device?: string;
  /** For an iommufd: whom it charges for pinned memory, as IOMMU_OPTION_RLIMIT_MODE says. Absent: nobody asked. */
  readonly rlimitMode?: 'user' | 'process';
  /** Of a kind that Node's runtime makes for itself (see `isRuntimeFd`). */
  readonly runtime?: boolean;
}
