/**
 * The boundary to the operating system. Two implementations: `linux` (koffi) and `simulated` (an in-memory model seeded from a
 * host model). One contract suite runs on both. Everything is in terms the kernel itself uses: fds, request numbers, addresses.
 */

/** A third argument of ioctl(2): a value passed in the register, or memory the kernel reads and writes in place. */
export type IoctlArgument = number | bigint | Uint8Array;

export type FileKind = 'character' | 'block' | 'regular' | 'directory' | 'fifo' | 'socket' | 'link' | 'anonymous';

export interface FileStatus {
  readonly kind: FileKind;
  /** Permission bits, e.g. 0o600. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Device number of a character or block device, as sysfs writes it: `major:minor`; empty for others. */
  readonly device: string;
  /** Size in bytes. */
  readonly size: bigint;
}

/** Memory at a stable address. `address` is what goes into ioctl structs; `bytes` is the same memory seen from JavaScript. */
export interface UserBuffer {
  readonly address: bigint;
  readonly bytes: Uint8Array;
}

export interface MapRequest {
  /** Length in bytes, a multiple of the page size. */
  readonly length: bigint;
  /** Without it the memory is anonymous. */
  readonly fd?: number;
  /** Offset in bytes into `fd`. */
  readonly offset?: bigint;
  readonly shared: boolean;
  /** Whether swap space or huge pages are set aside: what the host does not have is refused then, and not at the first touch. True if not given. */
  readonly reserved?: boolean;
}

export interface ResourceLimit {
  /** Bytes; `undefined` is RLIM_INFINITY. */
  readonly soft: bigint | undefined;
  readonly hard: bigint | undefined;
}

/** open(2) flags that are used; O_CLOEXEC is always added. */
export interface OpenFlags {
  readonly write?: boolean;
  readonly create?: boolean;
  /** The path is a folder, and the file is one without a name in it (O_TMPFILE). */
  readonly unnamed?: boolean;
  /** Permission bits of a file that is made. */
  readonly mode?: number;
}

/**
 * All methods throw `SystemCallError` on failure. fds are plain numbers here; owning them is the business of `OwnedFd`.
 */
export interface Kernel {
  readonly implementation: 'linux' | 'simulated';
  readonly pageSize: number;
  /** How many processors this process may use. */
  readonly processors: number;

  open(path: string, flags?: OpenFlags): number;
  close(fd: number): void;
  status(fd: number): FileStatus;

  /** @returns the non-negative result of ioctl(2) */
  ioctl(fd: number, request: number, argument?: IoctlArgument): number;
  /** The same on another OS thread, for calls that block (a bind resets the device, a map pins memory). */
  ioctlAsync(fd: number, request: number, argument?: IoctlArgument): Promise<number>;

  /** Positioned reads and writes, for the regions of a device. @returns bytes transferred */
  read(fd: number, into: Uint8Array, offset: bigint): number;
  write(fd: number, from: Uint8Array, offset: bigint): number;

  /** Memory for structs that hold pointers; freed when nothing refers to it. @param length bytes */
  allocate(length: number): UserBuffer;

  /** mmap(2) with PROT_READ|PROT_WRITE. @returns the address */
  map(request: MapRequest): bigint;
  unmap(address: bigint, length: bigint): void;
  /** The mapped memory as bytes. @param length bytes, below 2^32 */
  view(address: bigint, length: number): Uint8Array;
  /** Asks for transparent huge pages (MADV_HUGEPAGE); a kernel without them is not an error. */
  adviseHugePages(address: bigint, length: bigint): void;
  /** Makes the pages of mapped memory as writing to each would, on another OS thread (MADV_POPULATE_WRITE, Linux 5.14). */
  populate(address: bigint, length: bigint): Promise<void>;

  /** memfd_create(2), close-on-exec. @param hugePages use the hugetlb pool; page size in bytes if given, else the default size */
  createMemfd(name: string, hugePages?: { readonly pageSize?: bigint }): number;
  truncate(fd: number, length: bigint): void;

  /** RLIMIT_MEMLOCK of this process, in bytes. */
  memlockLimit(): ResourceLimit;
}
