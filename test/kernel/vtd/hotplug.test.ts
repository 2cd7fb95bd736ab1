import { chownSync, closeSync, mkdtempSync, openSync, readdirSync, readSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createLinuxKernel } from '../../../src/kernel/linux/linux-kernel.ts';
import { sysfsRegisters } from '../lib/device-registers.ts';
import { Edu } from '../lib/edu.ts';
import { bindToVfio, cdevOf, driverOf, readRoles, restoreDriver } from '../lib/host-devices.ts';
import { residentSize, vmLck, vmPin } from '../lib/process-memory.ts';
import { startBroker } from '../lib/fd-broker.ts';
import { startProgram, type Running } from '../lib/program.ts';
import { QmpClient } from '../lib/qmp-client.ts';

const { eduA, eduB } = readRoles();
const kernel = createLinuxKernel();

const PAGE = 4096;
const MIB = 1024 * 1024;
const RAM = 64 * MIB;
const SOURCE = 16 * MIB;
const DESTINATION = 32 * MIB;
const NOBODY = 65534;
const ROUNDS = 200;
const WARM_UP = 100;
const MOST_GROWTH = 2 * MIB;
const MOST_BLOCKS = 3;

/** Memory is collected when nothing has happened for a second. */
const quiet = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2500));

const UNPRIVILEGED = ['prlimit', '--memlock=268435456', 'setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--'];

interface Resources {
  readonly fds: number;
  readonly pinned: number;
  readonly locked: number;
}

const resources = (pid: number): Resources => ({
  fds: readdirSync(`/proc/${pid}/fd`).length,
  pinned: vmPin(pid),
  locked: vmLck(pid),
});

interface Way {
  readonly backend: string;
  readonly plug: () => Promise<void>;
  /** After the unplug. */
  readonly clean: () => Promise<void>;
}

/** Lets the device copy a page of guest memory, driven through sysfs. @returns whether the page arrived */
const copiesPage = async (address: string, file: string, byte: number): Promise<boolean> => {
  const fd = openSync(file, 'r+');
  const page = Buffer.alloc(PAGE, byte);
  writeSync(fd, page, 0, PAGE, SOURCE);
  using registers = sysfsRegisters(kernel, address);
  const edu = new Edu(registers);
  await edu.copyIn(SOURCE, PAGE);
  await edu.copyOut(DESTINATION, PAGE);
  const arrived = Buffer.alloc(PAGE);
  readSync(fd, arrived, 0, PAGE, DESTINATION);
  closeSync(fd);
  return arrived.equals(page);
};

describe('hotplug over QMP', () => {
  let folder: string;
  let file: string;
  let program: Running;
  let client: QmpClient;

  const start = async (wrapper: readonly string[] = []): Promise<void> => {
    const socket = path.join(folder, 'qmp');
    program = startProgram(
      [
        '-object',
        `memory-backend-file,id=ram0,size=64M,mem-path=${file},share=on`,
        '-machine',
        'memory-backend=ram0',
        '-qmp',
        `unix:${socket},server=on,wait=off`,
      ],
      { wrapper },
    );
    await program.printed('0 devices attached');
    client = await QmpClient.connect(socket);
  };

  const unplug = async (id: string): Promise<void> => {
    await client.run('device_del', { id });
    await client.event('DEVICE_DELETED');
  };

  /** libvirt's order: both fds by name, then the object, then the device. */
  const plugWithFds = async (address: string): Promise<void> => {
    await client.run('getfd', { fdname: 'iommufd' }, '/dev/iommu');
    await client.run('getfd', { fdname: 'hostdev-hostdev0-fd' }, cdevOf(address));
    await client.run('object-add', { 'qom-type': 'iommufd', id: 'iommufd0', fd: 'iommufd' });
    await client.run('device_add', { driver: 'vfio-pci', id: 'hostdev0', iommufd: 'iommufd0', fd: 'hostdev-hostdev0-fd' });
  };

  beforeAll(() => {
    for (const device of [eduA, eduB]) bindToVfio(device);
  });
  afterAll(() => {
    for (const device of [eduA, eduB]) restoreDriver(device);
  });
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'hotplug-'));
    file = path.join(folder, 'ram');
    closeSync(openSync(file, 'w'));
    for (const name of [folder, file]) chownSync(name, NOBODY, NOBODY);
  });
  afterEach(async () => {
    await client.close();
    program.child.kill('SIGTERM');
    expect((await program.ended).status).toBe(0);
  });

  it('a process without any access to the nodes gets both fds, and DMA works until the device is unplugged', async () => {
    await start(UNPRIVILEGED);
    const before = resources(program.pid);
    await plugWithFds(eduA);
    expect(vmPin(program.pid)).toBe(RAM);
    expect(await copiesPage(eduA, file, 0xa5)).toBe(true);
    await unplug('hostdev0');
    expect(await copiesPage(eduA, file, 0x5a)).toBe(false);
    await client.run('object-del', { id: 'iommufd0' });
    expect(resources(program.pid)).toEqual(before);
  });

  it('an unplugged device can be given back to the host: nobody holds it any more', async () => {
    await start();
    await plugWithFds(eduA);
    await unplug('hostdev0');
    restoreDriver(eduA);
    expect(driverOf(eduA)).toBeUndefined();
    bindToVfio(eduA);
  });

  it('others go on while one is plugged and unplugged on the other backend', async () => {
    await start();
    await client.run('device_add', { driver: 'vfio-pci', id: 'stays', host: eduB });
    await plugWithFds(eduA);
    expect(await copiesPage(eduB, file, 0x11)).toBe(true);
    await unplug('hostdev0');
    expect(await copiesPage(eduB, file, 0x22)).toBe(true);
  });

  it('a refused device_add leaves no trace, and what it was given can be used again', async () => {
    await start();
    const before = resources(program.pid);
    await client.run('getfd', { fdname: 'cdev' }, cdevOf(eduA));
    await expect(client.run('device_add', { driver: 'vfio-pci', id: 'h', fd: 'cdev' })).rejects.toThrow(
      'GenericError: Use FD passing only with iommufd backend',
    );
    await client.run('object-add', { 'qom-type': 'iommufd', id: 'iommufd0' });
    await expect(
      client.run('device_add', { driver: 'vfio-pci', id: 'h', host: eduB, iommufd: 'iommufd0', fd: 'cdev' }),
    ).rejects.toThrow(`is device ${eduA}, not ${eduB}`);
    await client.run('device_add', { driver: 'vfio-pci', id: 'h', iommufd: 'iommufd0', fd: 'cdev' });
    await unplug('h');
    expect(resources(program.pid)).toEqual(before);
  });

  it('an unprivileged process gets both fds from fd sets, and a second device from a broker', async () => {
    const broker = path.join(folder, 'broker');
    await start(UNPRIVILEGED);
    const before = resources(program.pid);
    const set = async (node: string | undefined): Promise<string> => {
      const added = (await client.run('add-fd', {}, node)) as { readonly 'fdset-id': number };
      return `/dev/fdset/${added['fdset-id']}`;
    };
    const iommufd = await set('/dev/iommu');
    const cdev = await set(cdevOf(eduA));
    await client.run('object-add', { 'qom-type': 'iommufd', id: 'i', fd: iommufd });
    await client.run('device_add', { driver: 'vfio-pci', id: 'a', iommufd: 'i', fd: cdev });
    const gives = await startBroker(broker, cdevOf(eduB) ?? '');
    await client.run('device_add', { driver: 'vfio-pci', id: 'b', iommufd: 'i', fd: `unix:${broker}` });
    await gives.acknowledged;
    expect(await copiesPage(eduA, file, 0x31)).toBe(true);
    expect(await copiesPage(eduB, file, 0x32)).toBe(true);
    await unplug('a');
    await unplug('b');
    await client.run('object-del', { id: 'i' });
    for (const path of [iommufd, cdev]) await client.run('remove-fd', { 'fdset-id': Number(path.split('/').at(-1)) });
    expect(resources(program.pid)).toEqual(before);
  });

  const WAYS: readonly Way[] = [
    {
      backend: 'iommufd',
      plug: () => plugWithFds(eduA),
      clean: async () => void (await client.run('object-del', { id: 'iommufd0' })),
    },
    {
      backend: 'iommufd-compat',
      plug: async () => {
        await client.run('object-add', { 'qom-type': 'iommufd', id: 'i', compat: 'type1v2' });
        await client.run('device_add', { driver: 'vfio-pci', id: 'hostdev0', host: eduA, iommufd: 'i' });
      },
      clean: async () => void (await client.run('object-del', { id: 'i' })),
    },
    {
      backend: 'type1',
      plug: async () => void (await client.run('device_add', { driver: 'vfio-pci', id: 'hostdev0', host: eduA })),
      clean: () => Promise.resolve(),
    },
  ];

  it(`${ROUNDS} rounds on each backend leave no fd, no pinned page and no memory`, async () => {
    await start();
    const rounds = async ({ plug, clean }: Way, count: number): Promise<void> => {
      for (let done = 0; done < count; done += 1) {
        await plug();
        expect(vmPin(program.pid) + vmLck(program.pid)).toBe(RAM);
        await unplug('hostdev0');
        await clean();
      }
      await quiet();
    };
    // V8 gives pages back when it likes, so one sample says little.
    const lowest = async (change: () => Promise<void>): Promise<number> => {
      const samples: number[] = [];
      for (let sample = 0; sample < 3; sample += 1) {
        await change();
        samples.push(residentSize(program.pid));
      }
      return Math.min(...samples);
    };
    // Code is compiled and pools are filled by then.
    for (const way of WAYS) await rounds(way, WARM_UP);
    /** Of some hundred rounds, in bytes. */
    const growth = async (way: Way): Promise<number> => {
      const memory = await lowest(() => rounds(way, 3));
      const before = resources(program.pid);
      await rounds(way, ROUNDS);
      const more = (await lowest(() => rounds(way, 3))) - memory;
      console.log(`${way.backend}: ${ROUNDS} rounds, resident size ${(more / MIB).toFixed(2)} MiB more`);
      expect(resources(program.pid)).toEqual(before);
      return more;
    };
    for (const way of WAYS) {
      // Compiled code comes once, even late; what leaks does so every time.
      let more = await growth(way);
      for (let again = 1; again < MOST_BLOCKS && more >= MOST_GROWTH; again += 1) more = await growth(way);
      expect(more).toBeLessThan(MOST_GROWTH);
    }
  }, 1_800_000);
});
