import { readdirSync, readFileSync } from 'node:fs';
import { createLinuxKernel } from '../../src/kernel/linux/linux-kernel.ts';
import { raiseThreadPool } from '../../src/kernel/linux/thread-pool.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';

const FIONREAD = 0x541b;

const count = (folder: string): number => readdirSync(folder).length;

/** Native files of koffi that are mapped into this process. */
const nativeModules = (): string[] => [...new Set(readFileSync('/proc/self/maps', 'utf8').match(/\/\S*koffi\S*/g))];

const attempt = (make: () => unknown): void => {
  try {
    make();
  } catch {
    // Only what a failed call leaves behind is of interest.
  }
};

/** Everything that opens, maps or allocates, and the ways in which it fails. */
const round = async (kernel: Kernel): Promise<void> => {
  const fd = kernel.createMemfd('ram');
  kernel.truncate(fd, 8192n);
  const address = kernel.map({ length: 8192n, fd, shared: true });
  await kernel.ioctlAsync(fd, FIONREAD, new Uint8Array(4));
  await kernel.ioctlAsync(fd, 0, 0).catch(() => undefined);
  attempt(() => kernel.ioctl(fd, 0));
  attempt(() => kernel.open('/nonexistent', { write: true }));
  attempt(() => kernel.map({ length: 1n << 62n, fd, shared: true }));
  kernel.unmap(address, 8192n);
  kernel.close(fd);
};

const main = async (): Promise<void> => {
  const loadedBefore = nativeModules();
  raiseThreadPool(12);
  const kernel = createLinuxKernel();
  const threadsBefore = count('/proc/self/task');
  await round(kernel);
  const threads = count('/proc/self/task') - threadsBefore;
  const fdsBefore = count('/proc/self/fd');
  for (let turn = 0; turn < 200; turn += 1) await round(kernel);
  const fds = count('/proc/self/fd') - fdsBefore;
  console.log(JSON.stringify({ loadedBefore, loaded: nativeModules(), threads, fds }));
};

void main();
