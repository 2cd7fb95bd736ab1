import { describe, expect, test } from 'vitest';
import { ramStep, type RamBlock } from '../../src/backends/ram.ts';
import { Session } from '../../src/backends/session.ts';
import { ramSlot } from '../../src/backends/slots.ts';
import { createSimulatedKernel, type SimulatedKernel } from '../../src/kernel/simulated/simulated-kernel.ts';
import { problemOf } from '../options/problem-of.ts';
import { WORKSTATION } from '../plan/hosts.ts';

const MIB = 2n ** 20n;

const block = (changes: Partial<RamBlock> = {}): RamBlock => ({
  id: 'm',
  path: '/objects/m',
  size: MIB,
  kind: 'anonymous',
  shared: false,
  reserved: true,
  hugePages: undefined,
  file: undefined,
  ...changes,
});

const FILE = { kind: 'file', file: { path: '/dev/shm/ram', offset: 0n }, shared: true } as const;

const run = async (ram: RamBlock, kernel: SimulatedKernel = createSimulatedKernel(WORKSTATION)) => {
  const session = new Session(kernel);
  const step = ramStep(ram);
  await step.run(session);
  return { kernel, session, step, memory: session.get(ramSlot('m')) };
};

const fileSize = (kernel: SimulatedKernel): bigint => {
  const fd = kernel.open('/dev/shm/ram', { write: true });
  const { size } = kernel.status(fd);
  kernel.close(fd);
  return size;
};

const makeFile = (kernel: SimulatedKernel, size: bigint): void => {
  const fd = kernel.open('/dev/shm/ram', { write: true, create: true });
  kernel.truncate(fd, size);
  kernel.write(fd, Uint8Array.of(1, 2, 3), 0n);
  kernel.close(fd);
};

describe('ramStep', () => {
  test.each<[what: string, ram: RamBlock, call: string, mapsByFile: boolean]>([
    ['anonymous memory', block(), 'mmap', false],
    ['a memfd', block({ kind: 'memfd', shared: true }), 'memfd_create', true],
    ['a private memfd', block({ kind: 'memfd' }), 'memfd_create', false],
    ['a file', block(FILE), 'mmap', false],
  ])('makes %s, and undoes it', async (_what, ram, call, mapsByFile) => {
    const { kernel, session, step, memory } = await run(ram);
    expect([step.call, memory.size, memory.mapsByFile]).toEqual([call, MIB, mapsByFile]);
    kernel.view(memory.address + MIB - 1n, 1).set([1]);
    await step.undo?.(session);
    expect(kernel.leftovers()).toEqual([]);
    expect(problemOf(() => session.get(ramSlot('m'))).code).toBe('INTERNAL');
  });

  test('makes a file as large as it must be, and leaves it behind', async () => {
    const { kernel, session, step } = await run(block({ ...FILE, file: { path: '/dev/shm/ram', offset: 4096n } }));
    await step.undo?.(session);
    expect(fileSize(kernel)).toBe(MIB + 4096n);
  });

  test('makes a file without a name in a folder, which goes with it', async () => {
    const { kernel, session, step, memory } = await run(block({ ...FILE, file: { path: '/dev/shm', offset: 0n } }));
    expect(kernel.status(memory.file?.number ?? -1)).toMatchObject({ kind: 'regular', size: MIB });
    await step.undo?.(session);
    expect(kernel.leftovers()).toEqual([]);
  });

  test('keeps the size and content of a file that is there', async () => {
    const kernel = createSimulatedKernel(WORKSTATION);
    makeFile(kernel, 4n * MIB);
    const { memory } = await run(block(FILE), kernel);
    expect(kernel.view(memory.address, 3)).toEqual(Uint8Array.of(1, 2, 3));
    expect(fileSize(kernel)).toBe(4n * MIB);
  });

  test('refuses a file that is too small, and closes it', async () => {
    const kernel = createSimulatedKernel(WORKSTATION);
    makeFile(kernel, 4096n);
    await expect(run(block(FILE), kernel)).rejects.toMatchObject({
      problem: {
        code: 'VALUE_INVALID',
        message: "backing store size 0x1000 does not match 'size' option 0x100000",
        cause: '/dev/shm/ram holds 4096 bytes; 1048576 are needed',
      },
    });
    expect(kernel.leftovers()).toEqual([]);
  });

  const explained = (ram: RamBlock, reason: string, code: string, call = 'open') =>
    ramStep(ram).explain?.(reason, new Session(createSimulatedKernel(WORKSTATION)), call, code);

  test('says in QEMU’s words why it cannot be made, and what to do', () => {
    expect(explained(block(), 'Cannot allocate memory', 'ENOMEM')).toEqual({
      message: "cannot set up guest memory 'm': Cannot allocate memory",
      cause: 'the host cannot set aside 1 MiB of memory and swap',
      fixes: ['give the VM less RAM with -m', 'reserve=off on a memory backend sets nothing aside'],
    });
    expect(explained(block({ hugePages: {} }), 'Cannot allocate memory', 'ENOMEM')).toMatchObject({
      cause: 'the host has not enough free huge pages for 1 MiB',
    });
    expect(explained(block(FILE), 'No such file or directory', 'ENOENT')).toEqual({
      message: "can't open backing store /dev/shm/ram for guest RAM: No such file or directory",
      cause: 'the folder of /dev/shm/ram does not exist',
      fixes: ['mkdir -p /dev/shm'],
    });
    expect(explained(block(FILE), 'Cannot allocate memory', 'ENOMEM', 'mmap')).toMatchObject({
      message: 'unable to map backing store for guest RAM: Cannot allocate memory',
      cause: 'the file system of /dev/shm/ram has not 1 MiB of free pages',
    });
    expect(explained(block({ ...FILE, shared: false }), 'Cannot allocate memory', 'ENOMEM', 'mmap')).toMatchObject({
      message: 'unable to map backing store for guest RAM: Cannot allocate memory',
      cause:
        'the host cannot set aside 1 MiB for what the guest changes of /dev/shm/ram: huge pages on hugetlbfs, else memory and swap',
    });
    expect(explained(block(FILE), 'Cannot allocate memory', 'ENOMEM')).toEqual({
      message: "can't open backing store /dev/shm/ram for guest RAM: Cannot allocate memory",
    });
  });
});
