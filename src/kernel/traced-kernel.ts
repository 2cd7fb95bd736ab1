import type { IoctlArgument, Kernel } from './kernel.ts';
import { report, reportAsync, withTrace, type CallListener, type PendingCall, type TracedKernel } from './trace.ts';

const ioctlOf = (fd: number, request: number, argument: IoctlArgument | undefined): PendingCall => ({
  call: 'ioctl',
  fd,
  argument: { request, argument: argument instanceof Uint8Array ? `${argument.length} bytes` : argument },
});

/**
 * The same kernel, with one event for every system call. An ioctl made through `call` is reported by name with its struct decoded.
 * What costs no system call (`allocate`, `view`) is not reported.
 */
export const traced = (kernel: Kernel, listener: CallListener): TracedKernel => {
  const on = <T>(pending: PendingCall, make: () => T): T => report(listener, pending, make);
  const wrapper: Kernel = {
    implementation: kernel.implementation,
    pageSize: kernel.pageSize,
    processors: kernel.processors,
    open: (path, flags) => on({ call: 'open', argument: { path, ...flags } }, () => kernel.open(path, flags)),
    close: (fd) => on({ call: 'close', fd }, () => kernel.close(fd)),
    status: (fd) => on({ call: 'fstat', fd }, () => kernel.status(fd)),
    ioctl: (fd, request, argument) => on(ioctlOf(fd, request, argument), () => kernel.ioctl(fd, request, argument)),
    ioctlAsync: (fd, request, argument) =>
      reportAsync(listener, ioctlOf(fd, request, argument), () => kernel.ioctlAsync(fd, request, argument)),
    read: (fd, into, offset) =>
      on({ call: 'pread', fd, argument: { length: into.length, offset } }, () => kernel.read(fd, into, offset)),
    write: (fd, from, offset) =>
      on({ call: 'pwrite', fd, argument: { length: from.length, offset } }, () => kernel.write(fd, from, offset)),
    allocate: (length) => kernel.allocate(length),
    map: (request) => on({ call: 'mmap', fd: request.fd, argument: { ...request } }, () => kernel.map(request)),
    unmap: (address, length) => on({ call: 'munmap', argument: { address, length } }, () => kernel.unmap(address, length)),
    view: (address, length) => kernel.view(address, length),
    adviseHugePages: (address, length) =>
      on({ call: 'madvise', argument: { address, length } }, () => kernel.adviseHugePages(address, length)),
    populate: (address, length) =>
      reportAsync(listener, { call: 'madvise', argument: { address, length, advice: 'MADV_POPULATE_WRITE' } }, () =>
        kernel.populate(address, length),
      ),
    createMemfd: (name, hugePages) =>
      on({ call: 'memfd_create', argument: { name, ...(hugePages && { hugePages: true, ...hugePages }) } }, () =>
        kernel.createMemfd(name, hugePages),
      ),
    truncate: (fd, length) => on({ call: 'ftruncate', fd, argument: { length } }, () => kernel.truncate(fd, length)),
    memlockLimit: () => on({ call: 'getrlimit', argument: 'RLIMIT_MEMLOCK' }, () => kernel.memlockLimit()),
  };
  return withTrace(wrapper, kernel, listener);
};
