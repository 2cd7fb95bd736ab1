import { describe, expect, test } from 'vitest';
import type { HostModel } from '../../src/host/model.ts';
import { call, callAsync } from '../../src/kernel/call.ts';
import { createSimulatedKernel } from '../../src/kernel/simulated/simulated-kernel.ts';
import { decode, encode } from '../../src/kernel/uapi/codec.ts';
import { IOCTLS } from '../../src/kernel/uapi/ioctls.ts';
import { Bench, fails, FIXED_READ_WRITE, PAGE } from './bench.ts';
import { HOST, simulatedFixture, UNPRIVILEGED } from './simulated-host.ts';

const GROUP = '/dev/vfio/1';
const CDEV = '/dev/vfio/devices/vfio0';

const benchOn = (model: HostModel): Bench => new Bench(simulatedFixture(model));

describe('opening nodes', () => {
  test.each([
    ['a node that is not there', HOST, '/dev/vfio/77', 'ENOENT'],
    ['a node of root as another user', { ...UNPRIVILEGED, nodes: {} }, GROUP, 'EACCES'],
    ['a node that the model takes away', { ...HOST, nodes: { '/dev/iommu': null } }, '/dev/iommu', 'ENOENT'],
    ['/dev/iommu on a kernel without iommufd', { ...HOST, kernel: { ...HOST.kernel, iommufd: false } }, '/dev/iommu', 'ENOENT'],
    ['a folder for writing', HOST, '/dev/shm', 'EISDIR'],
  ] as const)('%s is refused', (_what, model, path, errno) => {
    fails(errno, () => createSimulatedKernel(model).open(path, { write: true }));
  });

  test('the container is open to everybody', () => {
    const kernel = createSimulatedKernel({ ...UNPRIVILEGED, nodes: {} });
    expect(kernel.status(kernel.open('/dev/vfio/vfio')).mode).toBe(0o666);
  });

  test('a group that another process holds is busy, a cdev that it holds can be opened and not bound', () => {
    const heldBy = { pid: 4242, command: 'qemu' };
    const node = { device: '500:1', mode: '0600', uid: 0, gid: 0, heldBy };
    const bench = benchOn({ ...HOST, nodes: { '/dev/vfio/2': node, [CDEV]: node } });
    fails('EBUSY', () => bench.open('/dev/vfio/2'));
    const cdev = bench.open(CDEV);
    fails('EINVAL', () => call(bench.kernel, cdev, 'VFIO_DEVICE_BIND_IOMMUFD', { iommufd: bench.iommufd() }));
    fails('EBUSY', () => bench.group());
  });

  test('what another process opens later is busy until it closes it', () => {
    const kernel = createSimulatedKernel(HOST);
    const close = kernel.openElsewhere(GROUP);
    fails('EBUSY', () => kernel.open(GROUP));
    close();
    kernel.close(kernel.open(GROUP));
    expect(kernel.leftovers()).toEqual([]);
  });
});

describe('file descriptors', () => {
  test('the process begins with those of the model, and gets the lowest free number', () => {
    const kernel = createSimulatedKernel({
      ...HOST,
      fds: {
        3: { kind: 'iommufd' },
        5: { kind: 'vfio-cdev', address: '0000:01:00.0' },
        6: { kind: 'closed' },
        9: { kind: 'socket' },
      },
    });
    expect(call(kernel, 5, 'VFIO_DEVICE_BIND_IOMMUFD', { iommufd: 3 }).out_devid).toBe(1);
    expect(kernel.status(9).kind).toBe('socket');
    expect([kernel.open('/dev/null'), kernel.open('/dev/null')]).toEqual([4, 6]);
  });

  test.each([
    ['a closed fd', 'EBADF', 99],
    ['a file that has no ioctls', 'ENOTTY', 3],
  ] as const)('an ioctl on %s is %s', (_what, errno, fd) => {
    const kernel = createSimulatedKernel(HOST);
    kernel.open('/dev/null');
    fails(errno, () => kernel.ioctl(fd, IOCTLS.VFIO_GROUP_GET_STATUS.number, new Uint8Array(8)));
  });

  test('an error names the ioctl and the fd', () => {
    const kernel = createSimulatedKernel(HOST);
    const group = kernel.open(GROUP);
    expect(() => kernel.ioctl(group, IOCTLS.VFIO_GROUP_UNSET_CONTAINER.number)).toThrow(
      'VFIO_GROUP_UNSET_CONTAINER on fd 3: Invalid argument',
    );
  });

  test('a file that is made can be written, read back and cut', () => {
    const kernel = createSimulatedKernel(HOST);
    fails('ENOENT', () => kernel.open('/var/ram'));
    const fd = kernel.open('/var/ram', { create: true, write: true });
    kernel.write(fd, new Uint8Array([1, 2, 3]), 5n);
    expect(kernel.status(fd).size).toBe(8n);
    const bytes = new Uint8Array(8);
    expect(kernel.read(fd, bytes, 0n)).toBe(8);
    expect([...bytes]).toEqual([0, 0, 0, 0, 0, 1, 2, 3]);
    kernel.truncate(fd, 6n);
    expect(kernel.read(fd, bytes, 5n)).toBe(1);
    kernel.truncate(fd, 8n);
    kernel.read(fd, bytes, 0n);
    expect([...bytes]).toEqual([0, 0, 0, 0, 0, 1, 0, 0]);
  });
});

describe('struct arguments', () => {
  test('a struct can be given by its address', () => {
    const kernel = createSimulatedKernel(HOST);
    const group = kernel.open(GROUP);
    const { address, bytes } = kernel.allocate(8);
    bytes.set(encode('vfio_group_status'));
    kernel.ioctl(group, IOCTLS.VFIO_GROUP_GET_STATUS.number, address);
    expect(decode('vfio_group_status', bytes).flags).toBe(1);
  });

  test.each([0n, 0xdead_beefn])('an address that means nothing (%s) is EFAULT', (address) => {
    const kernel = createSimulatedKernel(HOST);
    const group = kernel.open(GROUP);
    fails('EFAULT', () => kernel.ioctl(group, IOCTLS.VFIO_GROUP_GET_STATUS.number, address));
  });
});

describe('limits', () => {
  test('dma_entry_limit mappings can be made, one more is ENOSPC', () => {
    const bench = benchOn({ ...HOST, modules: { vfio_iommu_type1: { parameters: { dma_entry_limit: '3' } } } });
    const { container } = bench.type1();
    for (const iova of [0n, PAGE, 2n * PAGE]) bench.mapType1(container, iova, 1n);
    fails('ENOSPC', () => bench.mapType1(container, 3n * PAGE, 1n));
  });

  test('an IOVA above the IOMMU is EINVAL on type1 and on an iommufd', () => {
    const bench = benchOn(HOST);
    const { container, group } = bench.type1();
    fails('EINVAL', () => bench.mapType1(container, 1n << 48n, 1n));
    bench.mapType1(container, (1n << 48n) - PAGE, 1n);
    bench.close(group);
    const { iommufd, ioas } = bench.attached();
    fails('EINVAL', () => bench.mapIoas(iommufd, ioas, 1n << 48n, 1n));
  });

  test('60,000 mappings take little time', () => {
    const bench = benchOn(HOST);
    const { container } = bench.type1();
    const vaddr = bench.memory(PAGE);
    const started = performance.now();
    for (let index = 0n; index < 60_000n; index += 1n) bench.mapType1(container, index * PAGE, 1n, vaddr);
    expect(bench.unmapType1(container, 0n, 60_000n * PAGE)).toBe(60_000n * PAGE);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe('locked memory', () => {
  const CASES = [
    ['type1', [], 'type1', { process: 4n * PAGE, user: 0n, pinned: 0n }],
    ['type1 with CAP_IPC_LOCK', ['CAP_IPC_LOCK'], 'type1', { process: 4n * PAGE, user: 0n, pinned: 0n }],
    ['iommufd', [], 'iommufd', { process: 0n, user: 4n * PAGE, pinned: 4n * PAGE }],
    ['iommufd with CAP_IPC_LOCK', ['CAP_IPC_LOCK'], 'iommufd', { process: 0n, user: 0n, pinned: 4n * PAGE }],
    ['iommufd in RLIMIT_MODE 1', ['CAP_SYS_RESOURCE'], 'process mode', { process: 4n * PAGE, user: 0n, pinned: 4n * PAGE }],
  ] as const;

  test.each(CASES)('%s is charged where the kernel charges it', (_name, capabilities, way, usage) => {
    const fixture = simulatedFixture({ ...UNPRIVILEGED, process: { ...UNPRIVILEGED.process, capabilities } });
    const bench = new Bench(fixture);
    if (way === 'type1') bench.mapType1(bench.type1().container, 0n, 4n);
    else {
      const iommufd = bench.iommufd();
      if (way === 'process mode') call(bench.kernel, iommufd, 'IOMMU_OPTION', { val64: 1n });
      const { cdev } = bench.bound(iommufd);
      const ioas = bench.ioas(iommufd);
      bench.mapIoas(iommufd, ioas, 0n, 4n);
      expect(fixture.kernel.memlockUsage().pinned).toBe(0n);
      call(bench.kernel, cdev, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', { pt_id: ioas });
    }
    expect(fixture.kernel.memlockUsage()).toEqual(usage);
    bench.closeAll();
    expect(fixture.kernel.leftovers()).toEqual([]);
  });

  test('what is left open shows in the leftovers', () => {
    const fixture = simulatedFixture(HOST);
    const bench = new Bench(fixture);
    bench.mapType1(bench.type1().container, 0n, 4n);
    expect(fixture.kernel.leftovers()).toEqual([
      'fd 3: container with 1 mappings',
      'fd 4: group 1',
      'group 1 is open',
      'group 1 is owned',
      '16384 bytes locked (process)',
      expect.stringMatching(/^16384 bytes mapped at 0x/),
    ]);
  });
});

describe('time and removal', () => {
  test('an asynchronous call takes as long as it is told, and others go on', async () => {
    const kernel = createSimulatedKernel(HOST, { latency: (ioctl) => (ioctl === 'VFIO_DEVICE_BIND_IOMMUFD' ? 60 : 0) });
    const iommufd = kernel.open('/dev/iommu');
    const [one, two] = [kernel.open(CDEV), kernel.open('/dev/vfio/devices/vfio1')];
    const started = performance.now();
    await Promise.all([one, two].map((fd) => callAsync(kernel, fd, 'VFIO_DEVICE_BIND_IOMMUFD', { iommufd })));
    const taken = performance.now() - started;
    expect(taken).toBeGreaterThan(50);
    expect(taken).toBeLessThan(115);
  });

  test('an asynchronous call fails as the other does', async () => {
    const kernel = createSimulatedKernel(HOST);
    await expect(callAsync(kernel, kernel.open(CDEV), 'VFIO_DEVICE_BIND_IOMMUFD', { iommufd: 88 })).rejects.toMatchObject({
      code: 'EBADF',
      call: 'VFIO_DEVICE_BIND_IOMMUFD',
    });
  });

  test('a device that is taken out answers ENODEV, and can still be closed', () => {
    const fixture = simulatedFixture(HOST);
    const bench = new Bench(fixture);
    const { cdev } = bench.attached();
    fixture.kernel.removeDevice('0000:01:00.0');
    fails('ENODEV', () => call(bench.kernel, cdev, 'VFIO_DEVICE_GET_INFO'));
    fails('ENOENT', () => bench.cdev());
    fails('ENOENT', () => bench.group());
    bench.closeAll();
    expect(fixture.kernel.leftovers()).toEqual([]);
  });
});

describe('releases', () => {
  test('MAP_FILE is ENOTTY before 6.13', () => {
    const bench = benchOn({ ...HOST, kernel: { ...HOST.kernel, release: '6.12.95' } });
    const { iommufd, ioas: ioas_id } = bench.attached();
    const fd = bench.memfd(PAGE);
    fails('ENOTTY', () =>
      call(bench.kernel, iommufd, 'IOMMU_IOAS_MAP_FILE', { flags: FIXED_READ_WRITE, ioas_id, fd, length: PAGE }),
    );
  });

  test('a container that iommufd serves is charged to the process, and says so', () => {
    const kernel = createSimulatedKernel({ ...HOST, kernel: { ...HOST.kernel, container: 'iommufd' } });
    expect(call(kernel, kernel.open('/dev/vfio/vfio'), 'IOMMU_OPTION', { op: 1 }).val64).toBe(1n);
  });
});
