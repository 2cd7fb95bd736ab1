import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, describe, expect, test } from 'vitest';
import { createLinuxKernel } from '../../src/kernel/linux/linux-kernel.ts';
import { OwnedFd } from '../../src/kernel/owned-fd.ts';

const kernel = createLinuxKernel();
const folder = mkdtempSync(join(tmpdir(), 'vmattach-memory-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A collection at once, finalizers included. */
const collectGarbage = async (): Promise<void> => {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc()');
  await new Promise((resolve) => setTimeout(resolve, 10));
};

describe('memory', () => {
  const page = BigInt(kernel.pageSize);

  test('a memfd mapped twice is one memory, and the file shows it', () => {
    using fd = OwnedFd.own(kernel, kernel.createMemfd('guest ram'));
    kernel.truncate(fd.number, 2n * page);
    expect(kernel.status(fd.number)).toMatchObject({ kind: 'regular', size: 2n * page });
    const whole = kernel.map({ length: 2n * page, fd: fd.number, shared: true });
    const second = kernel.map({ length: page, fd: fd.number, offset: page, shared: true });
    try {
      kernel.view(second, kernel.pageSize).set([1, 2, 3], 5);
      expect([...kernel.view(whole + page + 5n, 3)]).toEqual([1, 2, 3]);
      const read = new Uint8Array(3);
      kernel.read(fd.number, read, page + 5n);
      expect([...read]).toEqual([1, 2, 3]);
    } finally {
      kernel.unmap(second, page);
      kernel.unmap(whole, 2n * page);
    }
  });

  test('a private mapping of a file keeps its writes to itself', () => {
    const path = join(folder, 'private');
    writeFileSync(path, 'before');
    using fd = OwnedFd.own(kernel, kernel.open(path, { write: true }));
    const address = kernel.map({ length: page, fd: fd.number, shared: false });
    try {
      kernel.view(address, 6).set(Buffer.from('after!'));
      expect(readFileSync(path, 'utf8')).toBe('before');
    } finally {
      kernel.unmap(address, page);
    }
  });

  test.each([{ shared: true }, { shared: false }])('anonymous memory is zero and writable (shared: $shared)', ({ shared }) => {
    const length = 4n * page;
    const address = kernel.map({ length, shared });
    try {
      kernel.adviseHugePages(address, length);
      const bytes = kernel.view(address, Number(length));
      expect(bytes.every((byte) => byte === 0)).toBe(true);
      bytes[bytes.length - 1] = 7;
      expect(kernel.view(address + length - 1n, 1)[0]).toBe(7);
    } finally {
      kernel.unmap(address, length);
    }
  });

  test('pages that are made ahead take memory, and are zero', async () => {
    const length = 64n << 20n;
    const address = kernel.map({ length, shared: false });
    try {
      const before = process.memoryUsage.rss();
      await kernel.populate(address, length);
      expect(process.memoryUsage.rss() - before).toBeGreaterThan(Number(length) / 2);
      expect(kernel.view(address + length - page, Number(page)).every((byte) => byte === 0)).toBe(true);
    } finally {
      kernel.unmap(address, length);
    }
  });

  test('pages that cannot be made ahead: the promise says why', async () => {
    await expect(kernel.populate(4096n, 4096n)).rejects.toMatchObject({ call: 'madvise', code: 'ENOMEM', target: '0x1000+0x1000' });
  });

  test('a guest larger than the memory of most hosts costs nothing until it is touched', () => {
    const length = 1n << 40n;
    const address = kernel.map({ length, shared: false, reserved: false });
    kernel.view(address + length - page, 1)[0] = 1;
    kernel.unmap(address, length);
  });

  test('a file in a folder may be without a name', () => {
    const before = readdirSync(folder);
    const file = kernel.open(folder, { write: true, unnamed: true });
    kernel.truncate(file, page);
    expect(kernel.status(file)).toMatchObject({ kind: 'regular', size: page });
    expect(readdirSync(folder)).toEqual(before);
    kernel.close(file);
  });

  test('what the host does not have is not set aside', () => {
    // 64 TiB. With vm.overcommit_memory=1 the kernel never refuses.
    const take = (): void => kernel.unmap(kernel.map({ length: 1n << 46n, shared: false }), 1n << 46n);
    if (readFileSync('/proc/sys/vm/overcommit_memory', 'utf8').trim() === '1') expect(take).not.toThrow();
    else expect(take).toThrow('Cannot allocate memory');
  });

  test('allocated memory is freed when nobody looks at it any more', async () => {
    const rounds = 20;
    const before = process.memoryUsage.rss();
    for (let round = 0; round < rounds; round += 1) {
      kernel.allocate(8 << 20).bytes.fill(1);
      await collectGarbage();
    }
    expect(process.memoryUsage.rss() - before).toBeLessThan((rounds * (8 << 20)) / 2);
  });

  test('allocated memory is zero, and lives as long as its bytes are looked at', async () => {
    const held = Array.from({ length: 2000 }, (_, index) => {
      const { bytes } = kernel.allocate(64);
      expect(bytes.every((byte) => byte === 0)).toBe(true);
      return bytes.fill(index & 0xff).subarray(8);
    });
    const kept = held.filter((_, index) => index % 2 === 0);
    held.length = 0;
    await collectGarbage();
    Array.from({ length: 5000 }, () => kernel.allocate(64).bytes.fill(0xee));
    for (const [index, bytes] of kept.entries()) expect(bytes.every((byte) => byte === ((2 * index) & 0xff))).toBe(true);
  });
});
