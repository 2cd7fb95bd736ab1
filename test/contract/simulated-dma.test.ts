import { describe, expect, test } from 'vitest';
import { call } from '../../src/kernel/call.ts';
import type { SimulatedKernel } from '../../src/kernel/simulated/simulated-kernel.ts';
import { HWPT_FLAGS, IOAS_MAP_FLAGS, TYPE1_MAP_FLAGS } from '../../src/kernel/uapi/constants.ts';
import type { HostModel } from '../../src/host/model.ts';
import { Bench, PAGE } from './bench.ts';
import { HOST, simulatedFixture } from './simulated-host.ts';

const ADDRESS = '0000:01:00.0';
const GIB = 1n << 30n;
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

const withBench = (model: HostModel, body: (bench: Bench, kernel: SimulatedKernel) => void): void => {
  const fixture = simulatedFixture(model);
  const bench = new Bench(fixture);
  try {
    body(bench, fixture.kernel);
  } finally {
    bench.closeAll();
  }
  expect(fixture.kernel.leftovers()).toEqual([]);
};

const dmaRead = (kernel: SimulatedKernel, iova: bigint, length: number): string | false => {
  const into = new Uint8Array(length);
  return kernel.dmaRead(ADDRESS, iova, into) && new TextDecoder().decode(into);
};

describe('dma of an attached device', () => {
  test('reaches guest memory through a type1 container, at its IOVA only', () => {
    withBench(HOST, (bench, kernel) => {
      const { container } = bench.type1();
      const vaddr = bench.memory(2n * PAGE);
      bench.mapType1(container, 0x10_0000n, 2n, vaddr);
      expect(kernel.dmaWrite(ADDRESS, 0x10_0000n + PAGE - 2n, text('across'))).toBe(true);
      expect(new TextDecoder().decode(kernel.view(vaddr + PAGE - 2n, 6))).toBe('across');
      kernel.view(vaddr, 5).set(text('hello'));
      expect(dmaRead(kernel, 0x10_0000n, 5)).toBe('hello');
      expect(dmaRead(kernel, 0n, 5)).toBe(false);
      expect(dmaRead(kernel, 0x10_0000n + 2n * PAGE - 1n, 2)).toBe(false);
      bench.unmapType1(container, 0x10_0000n, 2n * PAGE);
      expect(dmaRead(kernel, 0x10_0000n, 5)).toBe(false);
    });
  });

  test('keeps to the access of the map', () => {
    withBench(HOST, (bench, kernel) => {
      const { container } = bench.type1();
      const vaddr = bench.memory(PAGE);
      call(kernel, container, 'VFIO_IOMMU_MAP_DMA', { flags: TYPE1_MAP_FLAGS.READ, vaddr, size: PAGE });
      expect(dmaRead(kernel, 0n, 4)).not.toBe(false);
      expect(kernel.dmaWrite(ADDRESS, 0n, text('x'))).toBe(false);
    });
  });

  test('reaches what the pages were when they were pinned, after the process unmaps them', () => {
    withBench(HOST, (bench, kernel) => {
      const { container } = bench.type1();
      const vaddr = kernel.map({ length: PAGE, shared: false });
      kernel.view(vaddr, 4).set(text('kept'));
      bench.mapType1(container, 0n, 1n, vaddr);
      kernel.unmap(vaddr, PAGE);
      expect(dmaRead(kernel, 0n, 4)).toBe('kept');
    });
  });

  test('faults before the attach and after the detach of a cdev', () => {
    withBench(HOST, (bench, kernel) => {
      const iommufd = bench.iommufd();
      const { cdev } = bench.bound(iommufd);
      const ioas = bench.ioas(iommufd);
      bench.mapIoas(iommufd, ioas, 0n, 1n);
      expect(dmaRead(kernel, 0n, 4)).toBe(false);
      call(kernel, cdev, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', { pt_id: ioas });
      expect(kernel.dmaWrite(ADDRESS, 8n, text('ok'))).toBe(true);
      expect(dmaRead(kernel, 8n, 2)).toBe('ok');
      call(kernel, cdev, 'VFIO_DEVICE_DETACH_IOMMUFD_PT');
      expect(dmaRead(kernel, 8n, 2)).toBe(false);
    });
  });

  test('reaches a memfd that is mapped as a file, and the same bytes show in every mapping of it', () => {
    withBench(HOST, (bench, kernel) => {
      const { iommufd, ioas: ioas_id } = bench.attached();
      const fd = bench.memfd(4n * PAGE);
      const flags = IOAS_MAP_FLAGS.FIXED_IOVA | IOAS_MAP_FLAGS.READABLE | IOAS_MAP_FLAGS.WRITEABLE;
      call(kernel, iommufd, 'IOMMU_IOAS_MAP_FILE', { flags, ioas_id, fd, start: PAGE, length: 2n * PAGE, iova: 0n });
      expect(kernel.dmaWrite(ADDRESS, 4n, text('file'))).toBe(true);
      const shared = kernel.map({ fd, length: 4n * PAGE, shared: true });
      const part = kernel.map({ fd, length: PAGE, offset: PAGE, shared: true });
      expect(new TextDecoder().decode(kernel.view(shared + PAGE + 4n, 4))).toBe('file');
      expect(new TextDecoder().decode(kernel.view(part + 4n, 4))).toBe('file');
      kernel.unmap(shared, 4n * PAGE);
      kernel.unmap(part, PAGE);
    });
  });

  test('is tracked page by page on a page table with dirty tracking', () => {
    const model: HostModel = { ...HOST, iommus: HOST.iommus.map((iommu) => ({ ...iommu, dirtyTracking: true })) };
    withBench(model, (bench, kernel) => {
      const iommufd = bench.iommufd();
      const { cdev, devid: dev_id } = bench.bound(iommufd);
      const ioas = bench.ioas(iommufd);
      bench.mapIoas(iommufd, ioas, 0n, 8n);
      const hwpt_id = call(kernel, iommufd, 'IOMMU_HWPT_ALLOC', {
        dev_id,
        pt_id: ioas,
        flags: HWPT_FLAGS.ALLOC_DIRTY_TRACKING,
      }).out_hwpt_id;
      call(kernel, cdev, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', { pt_id: hwpt_id });
      call(kernel, iommufd, 'IOMMU_HWPT_SET_DIRTY_TRACKING', { hwpt_id, flags: 1 });
      kernel.dmaWrite(ADDRESS, 3n * PAGE, text('x'));
      const { address, bytes } = kernel.allocate(8);
      const bitmap = { hwpt_id, iova: 0n, length: 8n * PAGE, page_size: PAGE, data: address };
      call(kernel, iommufd, 'IOMMU_HWPT_GET_DIRTY_BITMAP', bitmap);
      expect(bytes[0]).toBe(0b1000);
      bytes.fill(0);
      call(kernel, iommufd, 'IOMMU_HWPT_GET_DIRTY_BITMAP', bitmap);
      expect(bytes[0]).toBe(0);
    });
  });

  test('can reach another device by a BAR that is mapped: type1 takes it for nothing, iommufd refuses it', () => {
    withBench(HOST, (bench, kernel) => {
      const { container, group } = bench.type1();
      const device = bench.deviceFd(group);
      const bar = kernel.map({ fd: device, length: 16n * PAGE, offset: 0n, shared: true });
      bench.mapType1(container, 0n, 16n, bar);
      expect(kernel.memlockUsage().process).toBe(0n);
      expect(kernel.dmaWrite(ADDRESS, 0x100n, text('bar'))).toBe(true);
      const bytes = new Uint8Array(3);
      kernel.read(device, bytes, 0x100n);
      expect(new TextDecoder().decode(bytes)).toBe('bar');
      kernel.unmap(bar, 16n * PAGE);
    });
    withBench(HOST, (bench, kernel) => {
      const { iommufd, ioas: ioas_id, cdev } = bench.attached();
      const user_va = kernel.map({ fd: cdev, length: PAGE, offset: 0n, shared: true });
      expect(() => call(kernel, iommufd, 'IOMMU_IOAS_MAP', { flags: 7, ioas_id, user_va, length: PAGE })).toThrow('Bad address');
      kernel.unmap(user_va, PAGE);
    });
  });

  test('to a guest of 64 GiB costs nothing but what is touched', () => {
    withBench(HOST, (bench, kernel) => {
      const before = process.memoryUsage().rss;
      const { container } = bench.type1();
      const vaddr = bench.memory(64n * GIB);
      bench.mapType1(container, 0x1_0000_0000n, (64n * GIB) / PAGE, vaddr);
      expect(kernel.dmaWrite(ADDRESS, 0x1_0000_0000n + 63n * GIB, text('far'))).toBe(true);
      expect(dmaRead(kernel, 0x1_0000_0000n + 63n * GIB, 3)).toBe('far');
      expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
    });
  });
});
