import { chownSync, closeSync, mkdtempSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLinuxKernel } from '../../../src/kernel/linux/linux-kernel.ts';
import { sysfsRegisters } from '../lib/device-registers.ts';
import { Edu } from '../lib/edu.ts';
import { bindToVfio, cdevOf, groupOf, readRoles, restoreDriver } from '../lib/host-devices.ts';
import { vmPin } from '../lib/process-memory.ts';
import { startBroker } from '../lib/fd-broker.ts';
import { runProgram, startProgram } from '../lib/program.ts';

const { eduA, eduB } = readRoles();
const kernel = createLinuxKernel();

const PAGE = 4096;
const MIB = 1024 * 1024;
const SOURCE = 16 * MIB;
const DESTINATION = 32 * MIB;
const NOBODY = 65534;

const FOLDER = mkdtempSync(path.join(tmpdir(), 'ram-'));

const ram = (name: string) => {
  const file = path.join(FOLDER, name);
  return {
    args: ['-object', `memory-backend-file,id=ram0,size=64M,mem-path=${file},share=on`, '-machine', 'memory-backend=ram0'],
    /** Guest memory as the file shows it to this process. */
    open: () => {
      const fd = openSync(file, 'r+');
      return {
        read: (at: number): Buffer => {
          const bytes = Buffer.alloc(PAGE);
          readSync(fd, bytes, 0, PAGE, at);
          return bytes;
        },
        write: (at: number, bytes: Uint8Array): void => {
          writeSync(fd, bytes, 0, bytes.length, at);
        },
        [Symbol.dispose]: () => closeSync(fd),
      };
    },
  };
};

/** Lets the device copy a page of guest memory, driven through sysfs while the program has it attached. */
const copyPage = async (address: string): Promise<void> => {
  using registers = sysfsRegisters(kernel, address);
  const edu = new Edu(registers);
  await edu.copyIn(SOURCE, PAGE);
  await edu.copyOut(DESTINATION, PAGE);
};

beforeAll(() => {
  for (const device of [eduA, eduB]) bindToVfio(device);
});
afterAll(() => {
  for (const device of [eduA, eduB]) restoreDriver(device);
});

const LINKS = [
  { backend: 'iommufd', args: ['-object', 'iommufd,id=iommufd0', '-device', `vfio-pci,host=${eduA},iommufd=iommufd0`] },
  { backend: 'type1', args: ['-device', `vfio-pci,host=${eduA}`] },
];

describe('vmattach -machine bare', () => {
  it.each(LINKS)('holds a device through $backend until SIGTERM, then takes everything back', async ({ backend, args }) => {
    const memory = ram(backend);
    const program = startProgram([...memory.args, ...args]);
    await program.printed('1 device attached');
    using guest = memory.open();
    guest.write(SOURCE, Buffer.alloc(PAGE, 0xa5));
    await copyPage(eduA);
    expect(guest.read(DESTINATION).equals(Buffer.alloc(PAGE, 0xa5))).toBe(true);

    program.child.kill('SIGTERM');
    const { status, stderr } = await program.ended;
    expect(stderr).toContain('terminating on signal 15');
    expect(status).toBe(0);

    guest.write(DESTINATION, Buffer.alloc(PAGE, 0x11));
    await copyPage(eduA);
    expect(guest.read(DESTINATION).equals(Buffer.alloc(PAGE, 0x11))).toBe(true);
  });

  it('ends with status 0 on SIGINT too, and the next launch finds everything free', async () => {
    const program = startProgram(['-m', '64M', '-device', `vfio-pci,host=${eduA}`]);
    await program.printed('1 device attached');
    program.child.kill('SIGINT');
    expect((await program.ended).status).toBe(0);
    expect(await runProgram(['-m', '64M', '--check', '-device', `vfio-pci,host=${eduA}`])).toMatchObject({ status: 0, stderr: '' });
  });

  it('a device that another vmattach holds is busy, and the holder is named', async () => {
    const args = ['-m', '64M', '-object', 'iommufd,id=iommufd0', '-device', `vfio-pci,host=${eduA},iommufd=iommufd0`];
    const holder = startProgram(args);
    await holder.printed('1 device attached');
    const second = await runProgram(args);
    expect(second.status).toBe(1);
    expect(second.stderr).toContain(`held by process ${holder.pid}`);
    holder.child.kill('SIGTERM');
    expect((await holder.ended).status).toBe(0);
    expect((await runProgram(['--check', ...args])).status).toBe(0);
  });
});

describe('inherited fds', () => {
  it('a parent passes /dev/iommu and a cdev to a process without any access to the nodes', async () => {
    const memory = ram('passed');
    const fds = [openSync('/dev/iommu', 'r+'), openSync(cdevOf(eduA) ?? '', 'r+')];
    closeSync(openSync(path.join(FOLDER, 'passed'), 'w'));
    chownSync(path.join(FOLDER, 'passed'), NOBODY, NOBODY);
    chownSync(FOLDER, NOBODY, NOBODY);
    const program = startProgram(
      [...memory.args, '-object', 'iommufd,id=iommufd0,fd=3', '-device', 'vfio-pci,id=hostdev0,iommufd=iommufd0,fd=4'],
      {
        fds,
        wrapper: ['prlimit', '--memlock=268435456', 'setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--'],
      },
    );
    await program.printed('1 device attached');
    expect(vmPin(program.pid)).toBe(64 * MIB);
    using guest = memory.open();
    guest.write(SOURCE, Buffer.alloc(PAGE, 0x77));
    await copyPage(eduA);
    expect(guest.read(DESTINATION).equals(Buffer.alloc(PAGE, 0x77))).toBe(true);
    program.child.kill('SIGTERM');
    expect((await program.ended).status).toBe(0);
    for (const fd of fds) closeSync(fd);
    expect((await runProgram(['--check', '-m', '64M', ...(LINKS[0]?.args ?? [])])).status).toBe(0);
  });

  it('a service manager passes them by name', async () => {
    const fds = [openSync('/dev/iommu', 'r+'), openSync(cdevOf(eduA) ?? '', 'r+')];
    const activate = 'export LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=iommufd:hostdev0; exec "$@"';
    const result = await runProgram(
      ['--check', '-m', '64M', '-object', 'iommufd,id=i,fd=@iommufd', '-device', 'vfio-pci,iommufd=i,fd=@hostdev0'],
      {
        fds,
        wrapper: [
          'prlimit',
          '--memlock=268435456',
          'setpriv',
          '--reuid',
          '65534',
          '--regid',
          '65534',
          '--clear-groups',
          '--',
          'sh',
          '-c',
          activate,
          'sh',
        ],
      },
    );
    for (const fd of fds) closeSync(fd);
    expect(result).toMatchObject({ status: 0, stderr: '' });
    expect(result.stdout).toContain(`${eduA} (/machine/peripheral-anon/device[0]) attached through iommufd`);
  });

  it('they come from fd sets: each open takes the one with the access mode it needs', async () => {
    const fds = [openSync('/dev/iommu', 'r'), openSync('/dev/iommu', 'r+'), openSync(cdevOf(eduA) ?? '', 'r+')];
    const sets = ['-add-fd', 'fd=4,set=1', '-add-fd', 'fd=3,set=1', '-add-fd', 'fd=5,set=2'];
    const users = ['-object', 'iommufd,id=i,fd=/dev/fdset/1', '-device', 'vfio-pci,iommufd=i,fd=/dev/fdset/2'];
    const result = await runProgram(['--check', '-m', '64M', ...sets, ...users], { fds });
    for (const fd of fds) closeSync(fd);
    expect(result).toMatchObject({ status: 0, stderr: '' });
  });

  it('a broker hands them out', async () => {
    const sockets = ['/dev/iommu', cdevOf(eduA) ?? ''].map((node, index) => ({
      node,
      socket: path.join(FOLDER, `broker${index}`),
    }));
    const brokers = await Promise.all(sockets.map(({ node, socket }) => startBroker(socket, node)));
    const [iommufd, cdev] = sockets.map(({ socket }) => `unix:${socket}`);
    const result = await runProgram([
      '--check',
      '-m',
      '64M',
      '-object',
      `iommufd,id=i,fd=${iommufd}`,
      '-device',
      `vfio-pci,iommufd=i,fd=${cdev}`,
    ]);
    await Promise.all(brokers.map(({ acknowledged }) => acknowledged));
    expect(result).toMatchObject({ status: 0, stderr: '' });
  });

  const wrong = [
    {
      name: 'the cdev of another device',
      fds: () => ['/dev/iommu', cdevOf(eduB) ?? ''],
      device: `host=${eduA},fd=4`,
      says: `fd=4 is device ${eduB}, not ${eduA}`,
    },
    {
      name: 'a cdev as iommufd',
      fds: () => [cdevOf(eduA) ?? '', cdevOf(eduB) ?? ''],
      device: 'fd=4',
      says: 'fd 3 is a VFIO cdev, not an iommufd',
    },
    {
      name: 'an iommufd as cdev',
      fds: () => ['/dev/iommu', '/dev/iommu'],
      device: 'fd=4',
      says: 'fd 4 is an iommufd (/dev/iommu), not a VFIO cdev',
    },
    {
      name: 'a container as iommufd',
      fds: () => ['/dev/vfio/vfio', cdevOf(eduA) ?? ''],
      device: 'fd=4',
      says: 'fd 3 is a VFIO container',
    },
    {
      name: 'a group as cdev',
      fds: () => ['/dev/iommu', `/dev/vfio/${groupOf(eduA)}`],
      device: 'fd=4',
      says: 'fd 4 is a VFIO group',
    },
    { name: 'an fd that is not open', fds: () => ['/dev/iommu', '/dev/null'], device: 'fd=250', says: 'fd 250 is not open' },
  ];
  it.each(wrong)('$name is refused by name', async ({ fds, device, says }) => {
    const opened = fds().map((node) => openSync(node, 'r+'));
    const result = await runProgram(
      ['--check', '-object', 'iommufd,id=iommufd0,fd=3', '-device', `vfio-pci,iommufd=iommufd0,${device}`],
      {
        fds: opened,
      },
    );
    for (const fd of opened) closeSync(fd);
    expect(result.stderr).toContain(says);
    expect(result.stderr).toContain('  cause: ');
    expect(result.status).toBe(1);
  });
});

describe('locked memory', () => {
  const unprivileged = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--'];
  const nodes = [`/dev/vfio/${groupOf(eduA) ?? ''}`, `/dev/vfio/${groupOf(eduB) ?? ''}`, '/dev/iommu'];
  const owners: { node: string; uid: number }[] = [];

  beforeAll(() => {
    for (const node of [...nodes, cdevOf(eduA) ?? '', cdevOf(eduB) ?? '']) {
      owners.push({ node, uid: statSync(node).uid });
      chownSync(node, NOBODY, NOBODY);
    }
  });
  afterAll(() => {
    for (const { node, uid } of owners) chownSync(node, uid, uid);
  });

  const iommufd = (address: string): string[] => [
    '-m',
    '64M',
    '-object',
    'iommufd,id=i',
    '-device',
    `vfio-pci,host=${address},iommufd=i`,
  ];
  const type1 = (address: string): string[] => ['-m', '64M', '-device', `vfio-pci,host=${address}`];

  it.each([
    { backend: 'iommufd', args: iommufd(eduA) },
    { backend: 'type1', args: type1(eduA) },
  ])('a limit below guest RAM is refused with need and limit; a higher one is enough ($backend)', async ({ args }) => {
    const low = await runProgram(['--check', ...args], { wrapper: ['prlimit', '--memlock=33554432', ...unprivileged] });
    expect(low.stderr).toContain('64 MiB of guest RAM must be locked');
    expect(low.stderr).toContain('is 32 MiB');
    expect(low.status).toBe(1);
    const enough = await runProgram(['--check', ...args], { wrapper: ['prlimit', '--memlock=67108864', ...unprivileged] });
    expect(enough).toMatchObject({ status: 0, stderr: '' });
  });

  it('iommufd counts all processes of a user: the second is refused by the kernel, and undone', async () => {
    const wrapper = ['prlimit', '--memlock=100663296', ...unprivileged];
    const first = startProgram(iommufd(eduA), { wrapper });
    await first.printed('1 device attached');
    const second = await runProgram(['--check', ...iommufd(eduB)], { wrapper });
    expect(second.stderr).toContain('Cannot allocate memory');
    expect(second.stderr).toContain('counted per user');
    expect(second.status).toBe(1);
    first.child.kill('SIGTERM');
    expect((await first.ended).status).toBe(0);
    expect(await runProgram(['--check', ...iommufd(eduB)], { wrapper })).toMatchObject({ status: 0, stderr: '' });
  });
});
