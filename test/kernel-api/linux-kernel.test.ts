import { execFileSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readFileSync, readlinkSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { call, callAsync } from '../../src/kernel/call.ts';
import type { ErrnoName } from '../../src/kernel/errno.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { createLinuxKernel } from '../../src/kernel/linux/linux-kernel.ts';
import { OwnedFd } from '../../src/kernel/owned-fd.ts';

/** Far above every fd this process has. */
const NO_FD = 999_983;
/** Bytes left to read, as an int (linux/ioctl_list(2)); every regular file answers it. */
const FIONREAD = 0x541b;
const KVM_GET_API_VERSION = 0xae00;

const kernel = createLinuxKernel();
const folder = mkdtempSync(join(tmpdir(), 'vmattach-kernel-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const opened = (path: string, flags: Parameters<Kernel['open']>[1] = {}): OwnedFd => OwnedFd.own(kernel, kernel.open(path, flags));

const int32 = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);

const whyNoKvm = (): string | undefined => {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    return `: not here: ${String(error)}`;
  }
};
const noKvm = whyNoKvm();

describe('createLinuxKernel', () => {
  test('is about this host', () => {
    expect(kernel.implementation).toBe('linux');
    expect(kernel.pageSize).toBe(Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' })));
  });

  test.each<{ call: string; target: string; code: ErrnoName; make: () => unknown }>([
    { call: 'open', target: '/nonexistent', code: 'ENOENT', make: () => kernel.open('/nonexistent') },
    { call: 'open', target: '/', code: 'EISDIR', make: () => kernel.open('/', { write: true }) },
    { call: 'close', target: `fd ${NO_FD}`, code: 'EBADF', make: () => kernel.close(NO_FD) },
    { call: 'fstat', target: `fd ${NO_FD}`, code: 'EBADF', make: () => kernel.status(NO_FD) },
    { call: 'ioctl', target: `fd ${NO_FD}`, code: 'EBADF', make: () => kernel.ioctl(NO_FD, FIONREAD) },
    { call: 'VFIO_SET_IOMMU', target: `fd ${NO_FD}`, code: 'EBADF', make: () => call(kernel, NO_FD, 'VFIO_SET_IOMMU', 1) },
    { call: 'IOMMU_IOAS_ALLOC', target: `fd ${NO_FD}`, code: 'EBADF', make: () => call(kernel, NO_FD, 'IOMMU_IOAS_ALLOC') },
    { call: 'pread', target: `fd ${NO_FD}`, code: 'EBADF', make: () => kernel.read(NO_FD, new Uint8Array(1), 0n) },
    { call: 'pwrite', target: `fd ${NO_FD}`, code: 'EBADF', make: () => kernel.write(NO_FD, new Uint8Array(1), 0n) },
    { call: 'ftruncate', target: `fd ${NO_FD}`, code: 'EBADF', make: () => kernel.truncate(NO_FD, 1n) },
    { call: 'mmap', target: '0 bytes', code: 'EINVAL', make: () => kernel.map({ length: 0n, shared: false }) },
    { call: 'mmap', target: `fd ${NO_FD}`, code: 'EBADF', make: () => kernel.map({ length: 4096n, fd: NO_FD, shared: true }) },
    { call: 'munmap', target: '0x1+0x1000', code: 'EINVAL', make: () => kernel.unmap(1n, 4096n) },
    { call: 'madvise', target: '0x1000+0x1000', code: 'ENOMEM', make: () => kernel.adviseHugePages(4096n, 4096n) },
  ])('$call that fails with $code says what on', ({ call: name, target, code, make }) => {
    expect(make).toThrow(expect.objectContaining({ name: 'SystemCallError', call: name, code, target }));
  });

  test.each([
    { what: 'a path with a NUL', make: () => kernel.open('/dev/null\0x') },
    { what: 'a huge page size that is no power of two', make: () => kernel.createMemfd('ram', { pageSize: 3000n }) },
  ])('refuses $what before the call', ({ make }) => {
    expect(make).toThrow(RangeError);
  });

  test('RLIMIT_MEMLOCK is what the shell says', () => {
    const shell = execFileSync('sh', ['-c', 'ulimit -S -l; ulimit -H -l'], { encoding: 'utf8' }).trim().split('\n');
    const [soft, hard] = shell.map((text) => (text === 'unlimited' ? undefined : BigInt(text) * 1024n));
    expect(kernel.memlockLimit()).toEqual({ soft, hard });
  });
});

describe('files', () => {
  test('are opened close-on-exec, with the access that was asked for', () => {
    using read = opened('/dev/null');
    using write = opened('/dev/null', { write: true });
    const flags = [read, write].map(
      ({ number }) => /flags:\s+(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${number}`, 'utf8'))?.[1] ?? '',
    );
    expect(flags.map((octal) => Number.parseInt(octal, 8) & 0o2000003)).toEqual([0o2000000, 0o2000002]);
  });

  test('are created with the permissions given', () => {
    using created = opened(join(folder, 'created'), { write: true, create: true, mode: 0o640 });
    expect(kernel.status(created.number)).toMatchObject({ kind: 'regular', mode: 0o640 & ~process.umask(), size: 0n });
  });

  test.each([
    { path: '/dev/null', status: { kind: 'character', device: '1:3', uid: 0, gid: 0 } },
    { path: '/', status: { kind: 'directory', device: '' } },
    { path: '/proc/self/stat', status: { kind: 'regular', device: '', mode: 0o444 } },
  ])('$path has a kind and a device number', ({ path, status }) => {
    using fd = opened(path);
    expect(kernel.status(fd.number)).toMatchObject(status);
  });

  test('an anon_inode, as a VFIO device from a group is, has a kind of its own', () => {
    const eventPoll = readdirSync('/proc/self/fd').find((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`) === 'anon_inode:[eventpoll]';
      } catch {
        return false;
      }
    });
    expect(kernel.status(Number(eventPoll))).toMatchObject({ kind: 'anonymous', device: '' });
  });

  test('are read and written at a position, and say how much', () => {
    using fd = opened(file('positions', 'abcdef'), { write: true });
    expect(kernel.write(fd.number, Buffer.from('XY'), 2n)).toBe(2);
    const bytes = new Uint8Array(8);
    expect(kernel.read(fd.number, bytes, 1n)).toBe(5);
    expect(Buffer.from(bytes).toString()).toBe('bXYef\0\0\0');
    expect(kernel.read(fd.number, bytes, 2n ** 40n)).toBe(0);
  });
});

describe.each<{ how: string; ioctl: (fd: number, request: number, argument?: number | bigint | Uint8Array) => Promise<number> }>([
  { how: 'ioctl', ioctl: async (...given) => kernel.ioctl(...given) },
  { how: 'ioctlAsync', ioctl: (...given) => kernel.ioctlAsync(...given) },
])('$how', ({ ioctl }) => {
  test('lets the kernel write into the bytes', async () => {
    using fd = opened(file('ten', '0123456789'));
    const memory = new Uint8Array(8).fill(0xff);
    expect(await ioctl(fd.number, FIONREAD, memory.subarray(0, 4))).toBe(0);
    expect([...memory]).toEqual([10, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
  });

  test('takes the address of memory that does not move', async () => {
    using fd = opened(file('ten', '0123456789'));
    const { address, bytes } = kernel.allocate(4);
    expect(await ioctl(fd.number, FIONREAD, address)).toBe(0);
    expect(int32(bytes)).toBe(10);
  });

  test.each<{ what: string; path: string; argument: number; code: ErrnoName }>([
    { what: 'a call the file does not know', path: '/dev/null', argument: 0, code: 'ENOTTY' },
    { what: 'an address that is not there', path: '/proc/self/exe', argument: 1, code: 'EFAULT' },
  ])('fails on $what with $code', async ({ path, argument, code }) => {
    using fd = opened(path);
    await expect(ioctl(fd.number, FIONREAD, argument)).rejects.toMatchObject({ call: 'ioctl', code, target: `fd ${fd.number}` });
  });

  test.skipIf(noKvm !== undefined)(`passes a value to a real device${noKvm ?? ''}`, async () => {
    using fd = opened('/dev/kvm', { write: true });
    expect(await ioctl(fd.number, KVM_GET_API_VERSION, 0)).toBe(12);
    await expect(ioctl(fd.number, KVM_GET_API_VERSION, 1)).rejects.toMatchObject({ code: 'EINVAL' });
  });
});

describe('calls on other threads', () => {
  test('keep their errno and their memory apart', async () => {
    using ten = opened(file('ten', '0123456789'));
    using null_ = opened('/dev/null');
    const outcome = async (fd: number, argument: number | Uint8Array): Promise<string> => {
      const failed = await kernel.ioctlAsync(fd, FIONREAD, argument).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (failed !== undefined) return Object(failed).code;
      return argument instanceof Uint8Array ? String(int32(argument)) : 'done';
    };
    const kinds = [
      { make: () => outcome(ten.number, new Uint8Array(4)), expected: '10' },
      { make: () => outcome(ten.number, 1), expected: 'EFAULT' },
      { make: () => outcome(null_.number, 0), expected: 'ENOTTY' },
      { make: () => outcome(NO_FD, new Uint8Array(4)), expected: 'EBADF' },
    ];
    const all = Array.from({ length: 100 }, () => kinds).flat();
    expect(await Promise.all(all.map(({ make }) => make()))).toEqual(all.map(({ expected }) => expected));
  });

  test('are named when they fail', async () => {
    await expect(callAsync(kernel, NO_FD, 'IOMMU_IOAS_MAP', { length: 4096n })).rejects.toMatchObject({
      call: 'IOMMU_IOAS_MAP',
      code: 'EBADF',
      target: `fd ${NO_FD}`,
    });
  });
});
