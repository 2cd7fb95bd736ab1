import assert from 'node:assert/strict';
import { call } from '../../src/kernel/call.ts';
import type { ErrnoName } from '../../src/kernel/errno.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { SystemCallError } from '../../src/kernel/system-call-error.ts';
import { EXTENSION, IOAS_MAP_FLAGS, TYPE1_MAP_FLAGS } from '../../src/kernel/uapi/constants.ts';
import type { ContractCase, ContractDevice, ContractFixture, ContractNeed } from './fixture.ts';

export const PAGE = 4096n;
export const U64_MAX = 0xffff_ffff_ffff_ffffn;
export const READ_WRITE = TYPE1_MAP_FLAGS.READ | TYPE1_MAP_FLAGS.WRITE;
export const FIXED_READ_WRITE = IOAS_MAP_FLAGS.FIXED_IOVA | IOAS_MAP_FLAGS.READABLE | IOAS_MAP_FLAGS.WRITEABLE;

/** Asserts that a system call fails with this errno. */
export const fails = (errno: ErrnoName, body: () => unknown): void => {
  assert.throws(body, (error) => {
    assert.ok(error instanceof SystemCallError, `${String(error)} is no system call error`);
    assert.equal(error.code, errno, error.message);
    return true;
  });
};

/** A 32-bit argument in memory. */
export const int32 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return bytes;
};

/** Opens what a case needs, and closes all of it in the end. */
export class Bench {
  readonly fixture: ContractFixture;
  readonly kernel: Kernel;
  readonly #fds = new Set<number>();
  readonly #mappings: { readonly address: bigint; readonly length: bigint }[] = [];

  constructor(fixture: ContractFixture) {
    this.fixture = fixture;
    this.kernel = fixture.kernel;
  }

  open(path: string): number {
    return this.own(this.kernel.open(path, { write: true }));
  }

  /** Closes this fd in the end as well. */
  own(fd: number): number {
    this.#fds.add(fd);
    return fd;
  }

  close(fd: number): void {
    this.#fds.delete(fd);
    this.kernel.close(fd);
  }

  container(): number {
    return this.open('/dev/vfio/vfio');
  }

  iommufd(): number {
    return this.open('/dev/iommu');
  }

  group(device: ContractDevice = this.fixture.device): number {
    return this.open(device.groupNode);
  }

  cdev(device: ContractDevice = this.fixture.device): number {
    assert.ok(device.cdevNode !== undefined, `${device.address} has no cdev`);
    return this.open(device.cdevNode);
  }

  /** @returns the address of anonymous memory */
  memory(length: bigint): bigint {
    const address = this.kernel.map({ length, shared: false });
    this.#mappings.push({ address, length });
    return address;
  }

  memfd(length: bigint): number {
    const fd = this.own(this.kernel.createMemfd('contract'));
    this.kernel.truncate(fd, length);
    return fd;
  }

  /** A group in a container with an IOMMU. */
  type1(version: 1 | 2 = 2): { readonly container: number; readonly group: number } {
    const container = this.container();
    const group = this.group();
    call(this.kernel, group, 'VFIO_GROUP_SET_CONTAINER', container);
    call(this.kernel, container, 'VFIO_SET_IOMMU', version === 2 ? EXTENSION.TYPE1v2_IOMMU : EXTENSION.TYPE1_IOMMU);
    return { container, group };
  }

  deviceFd(group: number, device: ContractDevice = this.fixture.device): number {
    return this.own(call(this.kernel, group, 'VFIO_GROUP_GET_DEVICE_FD', device.address).result);
  }

  /** A bound cdev. */
  bound(iommufd: number, device: ContractDevice = this.fixture.device): { readonly cdev: number; readonly devid: number } {
    const cdev = this.cdev(device);
    return { cdev, devid: call(this.kernel, cdev, 'VFIO_DEVICE_BIND_IOMMUFD', { iommufd }).out_devid };
  }

  ioas(iommufd: number): number {
    return call(this.kernel, iommufd, 'IOMMU_IOAS_ALLOC').out_ioas_id;
  }

  /** A bound device that is attached to an IOAS. */
  attached(): {
    readonly iommufd: number;
    readonly ioas: number;
    readonly cdev: number;
    readonly devid: number;
    readonly hwpt: number;
  } {
    const iommufd = this.iommufd();
    const { cdev, devid } = this.bound(iommufd);
    const ioas = this.ioas(iommufd);
    const { pt_id } = call(this.kernel, cdev, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', { pt_id: ioas });
    return { iommufd, ioas, cdev, devid, hwpt: pt_id };
  }

  mapType1(container: number, iova: bigint, pages: bigint, vaddr: bigint = this.memory(pages * PAGE)): void {
    call(this.kernel, container, 'VFIO_IOMMU_MAP_DMA', { flags: READ_WRITE, iova, vaddr, size: pages * PAGE });
  }

  /** @returns bytes unmapped */
  unmapType1(container: number, iova: bigint, size: bigint, flags = 0): bigint {
    return call(this.kernel, container, 'VFIO_IOMMU_UNMAP_DMA', { flags, iova, size }).size;
  }

  mapIoas(iommufd: number, ioas_id: number, iova: bigint, pages: bigint): void {
    const user_va = this.memory(pages * PAGE);
    call(this.kernel, iommufd, 'IOMMU_IOAS_MAP', { flags: FIXED_READ_WRITE, ioas_id, user_va, iova, length: pages * PAGE });
  }

  /** @returns bytes unmapped */
  unmapIoas(iommufd: number, ioas_id: number, iova: bigint, length: bigint): bigint {
    return call(this.kernel, iommufd, 'IOMMU_IOAS_UNMAP', { ioas_id, iova, length }).length;
  }

  /** Devices go before groups, and groups before containers, as the last opened goes first. */
  closeAll(): void {
    for (const fd of [...this.#fds].toReversed()) this.close(fd);
    for (const { address, length } of this.#mappings.splice(0)) this.kernel.unmap(address, length);
  }
}

/** A case that leaves nothing open, whatever happens in it. */
export const contractCase = (name: string, needs: readonly ContractNeed[], body: (bench: Bench) => void): ContractCase => ({
  name,
  needs,
  run: (fixture) => {
    const bench = new Bench(fixture);
    try {
      body(bench);
    } finally {
      bench.closeAll();
    }
  },
});
