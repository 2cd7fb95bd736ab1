import type { Kernel } from '../../src/kernel/kernel.ts';

const unused = (): never => {
  throw new Error('this call is not expected here');
};

/** A kernel of which only the calls under test exist; the others fail the test. */
export const fakeKernel = (calls: Partial<Kernel>): Kernel => ({
  implementation: 'simulated',
  pageSize: 4096,
  processors: 1,
  open: unused,
  close: unused,
  status: unused,
  ioctl: unused,
  ioctlAsync: unused,
  read: unused,
  write: unused,
  allocate: unused,
  map: unused,
  unmap: unused,
  view: unused,
  adviseHugePages: unused,
  populate: unused,
  createMemfd: unused,
  truncate: unused,
  memlockLimit: unused,
  ...calls,
});

/** Bytes of an ioctl argument. */
export const asBytes = (argument: unknown): Uint8Array => {
  if (!(argument instanceof Uint8Array)) throw new TypeError('the argument is not memory');
  return argument;
};
