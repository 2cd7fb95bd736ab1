import { setTimeout as wait } from 'node:timers/promises';
import type { HostModel } from '../../host/model.ts';
import type { IoctlArgument, Kernel } from '../kernel.ts';
import { PAGE_SIZE } from './address-space.ts';
import { createWorld } from './create-world.ts';
import { dispatch, nameOn } from './dispatch.ts';
import { asSystemCall } from './errno-exception.ts';
import { mapMemory, readFile, truncateFile, writeFile } from './file-operations.ts';
import type { DataFile, OpenFile } from './files.ts';
import { inheritFds } from './inherited-fds.ts';
import { createInspection, holdNodes, type Inspection } from './inspection.ts';
import { FileSystem } from './nodes.ts';
import { PageStore } from './page-store.ts';
import type { World } from './world.ts';

export interface SimulationOptions {
  /** How long an ioctl that is made asynchronously takes, in ms, by the ioctl's name. */
  readonly latency?: (ioctl: string) => number;
}

export interface SimulatedKernel extends Kernel, Inspection {
  readonly implementation: 'simulated';
}

const onFd = <T>(world: World, call: string, fd: number, body: (file: OpenFile) => T): T =>
  asSystemCall(call, `fd ${fd}`, () => body(world.fds.get(fd)));

const describe = (world: World, fd: number, request: number): string => {
  const file = [...world.fds.entries()].find(([number]) => number === fd)?.[1];
  return (file && nameOn(file, request)) ?? `ioctl 0x${request.toString(16)}`;
};

const createMemfd = ({ model, fds }: World): number => {
  const { uid, gid } = model.process;
  const file: DataFile = {
    kind: 'data',
    inode: { kind: 'regular', mode: 0o777, uid, gid, device: '' },
    store: new PageStore(0),
    isMemfd: true,
  };
  return asSystemCall('memfd_create', 'memfd', () => fds.add(file));
};

/** The calls that need no more than the world. */
const createCalls = (world: World, files: FileSystem): Omit<Kernel, 'ioctlAsync'> => {
  const { memory, fds } = world;
  return {
    implementation: 'simulated',
    pageSize: Number(PAGE_SIZE),
    processors: 1,
    open: (path, flags) => asSystemCall('open', path, () => fds.add(files.open(path, flags))),
    close: (fd) => asSystemCall('close', `fd ${fd}`, () => fds.close(fd)),
    status: (fd) =>
      onFd(world, 'fstat', fd, (file) => ({ ...file.inode, size: file.kind === 'data' ? BigInt(file.store.size) : 0n })),
    ioctl: (fd, request, argument) =>
      asSystemCall(describe(world, fd, request), `fd ${fd}`, () => dispatch(world, fds.get(fd), request, argument)),
    read: (fd, into, offset) => onFd(world, 'pread', fd, (file) => readFile(file, into, offset)),
    write: (fd, from, offset) => onFd(world, 'pwrite', fd, (file) => writeFile(file, from, offset)),
    allocate: (length) => {
      const bytes = new Uint8Array(length);
      return { address: memory.register(bytes), bytes };
    },
    map: (request) =>
      asSystemCall('mmap', request.fd === undefined ? 'memory' : `fd ${request.fd}`, () => mapMemory(world, request)),
    unmap: (address, length) => asSystemCall('munmap', 'memory', () => memory.unmap(address, length)),
    view: (address, length) => asSystemCall('view', 'memory', () => memory.view(address, length)),
    adviseHugePages: () => undefined,
    populate: async () => undefined,
    createMemfd: () => createMemfd(world),
    truncate: (fd, length) => onFd(world, 'ftruncate', fd, (file) => truncateFile(file, length)),
    memlockLimit: () => world.memlock.limit,
  };
};

/**
 * A kernel in memory with the VFIO and iommufd state machines of Linux, on the machine that a host model describes: the order of
 * checks and the errnos are the kernel's. Left out: no-IOMMU groups, PASIDs, nested page tables, faults, vIOMMUs, migration.
 */
export const createSimulatedKernel = (model: HostModel, { latency }: SimulationOptions = {}): SimulatedKernel => {
  const world = createWorld(model);
  const files = new FileSystem(world);
  inheritFds(world, files);
  holdNodes(world, files);
  const calls = createCalls(world, files);

  /** What the call does happens at once; the caller hears of it later. */
  const ioctlAsync = async (fd: number, request: number, argument?: IoctlArgument): Promise<number> => {
    const name = describe(world, fd, request);
    try {
      return calls.ioctl(fd, request, argument);
    } finally {
      const milliseconds = latency?.(name) ?? 0;
      if (milliseconds > 0) await wait(milliseconds);
    }
  };

  return { ...calls, implementation: 'simulated', ioctlAsync, ...createInspection(world, files) };
};
