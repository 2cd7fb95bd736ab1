import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bindToVfio, cdevOf, driverOf, groupOf, readRoles, restoreDriver } from '../lib/host-devices.ts';
import { buildInitramfs, NESTED_DMA, NESTED_MIB, nestedMachine } from '../lib/nested.ts';
import { executableOf, openVfioNodes } from '../lib/process-files.ts';
import { childOf, limitsOf, mayOpenAs, statusOf, untilUp } from '../lib/process-rights.ts';
import { startVmattach, type Running } from '../lib/program.ts';
import { runSubcommand } from '../lib/subcommand.ts';

const { eduA, mixedEdu, mixedRng, e1000e } = readRoles();

const USER = 65_534;
const NOTHING = '0000000000000000';
const MIB = 1024 * 1024;

/** A machine without a guest system, for tests that only look at QEMU's process. */
const EMPTY = ['-machine', 'q35', '-accel', 'tcg', '-m', '64M', '-nodefaults', '-display', 'none', '-S'];

let nested: readonly string[];

beforeAll(() => {
  const initramfs = buildInitramfs();
  const folder = path.dirname(initramfs);
  const kernel = path.join(folder, 'bzImage');
  // QEMU opens them as its user, who may not enter root's folders.
  copyFileSync(`${process.env['VMATTACH_GUEST_KERNEL']}/bzImage`, kernel);
  chmodSync(folder, 0o755);
  for (const file of [initramfs, kernel]) chmodSync(file, 0o644);
  nested = nestedMachine(initramfs).map((word) => (word.endsWith('/bzImage') ? kernel : word));
});

const running = new Set<Running>();
const start = (args: readonly string[]): Running => {
  const program = startVmattach(args);
  running.add(program);
  return program;
};
const stopAll = async (): Promise<void> => {
  for (const program of running) {
    program.child.kill('SIGTERM');
    await program.ended;
  }
  running.clear();
};
afterEach(stopAll);

/** The QEMU below vmattach, when it is up. */
const childUp = (program: Running): Promise<number> => untilUp(() => childOf(program.pid));

const nodeState = (node: string) => {
  const { mode, uid, gid, ino } = statSync(node);
  return { mode, uid, gid, ino };
};

/** What QEMU may do is what its user may do: nothing of vfio. */
const expectSeparated = (pid: number): void => {
  expect(executableOf(pid)).toMatch(/\/qemu-system-x86_64$/);
  expect(statusOf(pid)).toMatchObject({
    Uid: `${USER} ${USER} ${USER} ${USER}`,
    Gid: `${USER} ${USER} ${USER} ${USER}`,
    Groups: '',
    CapInh: NOTHING,
    CapPrm: NOTHING,
    CapEff: NOTHING,
    CapBnd: NOTHING,
    CapAmb: NOTHING,
    NoNewPrivs: '1',
  });
};

describe('QEMU as a user with passed files', () => {
  beforeAll(() => bindToVfio(eduA));
  afterAll(() => restoreDriver(eduA));

  const IOMMUFD = ['-object', 'iommufd,id=iommufd0', '-device', `vfio-pci,host=${eduA},iommufd=iommufd0`];

  it.each([
    { how: 'in the place of vmattach', options: [] },
    { how: 'below it', options: ['--supervise'] },
  ])('$how runs a guest under KVM that drives its device', async ({ options }) => {
    chmodSync('/dev/kvm', 0o666);
    const guest = start([...nested, '--run-as', String(USER), ...options, ...IOMMUFD]);
    await guest.printed(NESTED_DMA);
    const pid = options.length === 0 ? guest.pid : childOf(guest.pid);

    expectSeparated(pid);
    expect(openVfioNodes(pid)).toEqual(['/dev/iommu', cdevOf(eduA)]);
    if (pid !== guest.pid) expect(openVfioNodes(guest.pid)).toEqual([]);
    for (const node of ['/dev/iommu', cdevOf(eduA) ?? '', `/dev/vfio/${groupOf(eduA)}`]) {
      expect(mayOpenAs(USER, node)).toBe(false);
    }
    const limit = String((NESTED_MIB + 1024) * MIB);
    expect(limitsOf(pid)['Max locked memory']).toEqual([limit, limit]);

    guest.child.kill('SIGTERM');
    const { status, stdout } = await guest.ended;
    expect(stdout).not.toContain('nested: failed');
    expect(status).toBe(0);
  });

  it('is refused before it starts when the user may not open /dev/kvm', async () => {
    chmodSync('/dev/kvm', 0o600);
    const { status, stderr } = await start([...nested, '--run-as', String(USER), ...IOMMUFD]).ended;
    expect(status).toBe(1);
    expect(stderr).toContain('Could not access KVM kernel module: Permission denied');
  });

  it('works with --pass-fds alone for root', async () => {
    const program = start([...EMPTY, '--pass-fds', ...IOMMUFD]);
    await untilUp(() => program.pid);
    expect(statusOf(program.pid)['CapEff']).not.toBe(NOTHING);
    expect(openVfioNodes(program.pid)).toEqual(['/dev/iommu', cdevOf(eduA)]);
  });
});

describe('a type1 device for a user', () => {
  beforeAll(() => bindToVfio(eduA));
  afterAll(() => restoreDriver(eduA));

  const TYPE1 = ['-device', `vfio-pci,host=${eduA}`];
  const node = (): string => `/dev/vfio/${groupOf(eduA)}`;
  let before: ReturnType<typeof nodeState>;
  beforeEach(() => {
    before = nodeState(node());
  });
  afterEach(async () => {
    await stopAll();
    expect(nodeState(node())).toEqual(before);
  });

  it('is granted for the life of the VM', async () => {
    const program = start([...EMPTY, '--run-as', String(USER), '--supervise', ...TYPE1]);
    const pid = await childUp(program);
    expectSeparated(pid);
    expect(openVfioNodes(pid)).toEqual([node(), '/dev/vfio/vfio']);
    expect(nodeState(node())).not.toEqual(before);
    program.child.kill('SIGTERM');
    expect((await program.ended).status).toBe(0);
    expect(readdirSync('/run/vmattach/grants')).toEqual(['lock']);
  });

  it('is taken back when QEMU is killed', async () => {
    const program = start([...EMPTY, '--run-as', String(USER), '--supervise', ...TYPE1]);
    process.kill(await childUp(program), 'SIGKILL');
    const { status, stderr } = await program.ended;
    expect(status).toBe(137);
    expect(stderr).toContain('was killed by SIGKILL');
  });

  it('is taken back when QEMU dies at once, with who is in the way', async () => {
    const program = start([...EMPTY, '--run-as', String(USER), '--supervise', ...TYPE1, '-drive', 'file=/nonexistent.img']);
    const { status, stderr } = await program.ended;
    expect(status).toBe(1);
    expect(stderr).toMatch(/^vmattach: \S*qemu-system-x86_64 ended with exit status 1\n {2}\| .*\/nonexistent\.img/m);
  });

  it('is refused without --supervise', async () => {
    const { status, stderr } = await start([...EMPTY, '--run-as', String(USER), ...TYPE1]).ended;
    expect(status).toBe(1);
    expect(stderr).toContain(`Could not open '${node()}': Permission denied`);
    expect(stderr).toContain('fix: --supervise');
  });

  it('that another VM holds is explained when QEMU has failed by it', async () => {
    const first = start([...EMPTY, ...TYPE1]);
    await untilUp(() => first.pid);
    const { status, stderr } = await start([...EMPTY, '--supervise', ...TYPE1]).ended;
    expect(status).toBe(1);
    expect(stderr).toContain(`is held by process ${first.pid}`);
    first.child.kill('SIGTERM');
    await first.ended;
  });
});

describe('managed devices', () => {
  const drivers = () => [mixedEdu, mixedRng].map(driverOf);
  const saved = (): readonly string[] => (existsSync('/run/vmattach/bind') ? readdirSync('/run/vmattach/bind') : []);
  const MANAGED = [...EMPTY, '--manage-devices'];
  const IOMMUFD = ['-object', 'iommufd,id=iommufd0', '-device', `vfio-pci,host=${mixedEdu},iommufd=iommufd0`];
  const before = [undefined, 'virtio-pci'];

  beforeEach(() => expect(drivers()).toEqual(before));
  afterEach(async () => {
    await stopAll();
    expect(drivers()).toEqual(before);
    expect(saved()).toEqual([]);
  });

  it('are bound with their group and come back when QEMU ends', async () => {
    const program = start([...MANAGED, '--run-as', String(USER), ...IOMMUFD]);
    await childUp(program);
    expect(drivers()).toEqual(['vfio-pci', 'vfio-pci']);
    expectSeparated(await childUp(program));
    program.child.kill('SIGTERM');
    const { status, stderr } = await program.ended;
    expect(status).toBe(0);
    expect(stderr).toMatch(new RegExp(`group \\d+\\n[^]*${mixedRng} .* virtio-pci .*in the same group`));
    expect(stderr).toContain(`${mixedRng} is bound to virtio-pci`);
  });

  it('come back when QEMU is killed', async () => {
    const program = start([...MANAGED, ...IOMMUFD]);
    process.kill(await childUp(program), 'SIGKILL');
    expect((await program.ended).status).toBe(137);
  });

  it('come back by unbind when vmattach itself is killed', async () => {
    const program = start([...MANAGED, ...IOMMUFD]);
    const pid = await childUp(program);
    program.child.kill('SIGKILL');
    expect(executableOf(pid)).toMatch(/\/qemu-system-x86_64$/);
    process.kill(pid, 'SIGKILL');
    await program.ended;
    expect(saved()).toEqual([`${mixedEdu}.json`, `${mixedRng}.json`]);
    expect((await runSubcommand(['unbind', mixedEdu])).status).toBe(0);
  });

  it('come back when QEMU cannot be started or fails', async () => {
    const { status } = await start([...MANAGED, ...IOMMUFD, '-drive', 'file=/nonexistent.img']).ended;
    expect(status).toBe(1);
  });

  it('come back when a signal comes while they are bound', async () => {
    const program = start([...MANAGED, ...IOMMUFD]);
    while (driverOf(mixedRng) === 'virtio-pci') await delay(1);
    program.child.kill('SIGTERM');
    expect((await program.ended).status).toBe(143);
  });

  it('come back when a signal comes when they are bound', async () => {
    const program = start([...MANAGED, ...IOMMUFD]);
    while (driverOf(mixedEdu) === undefined) await delay(1);
    program.child.kill('SIGTERM');
    expect((await program.ended).status).toBe(143);
  });

  it.each([0, 1000, 1800, 2600])('come back when a signal comes after %i ms', async (ms) => {
    const program = start([...MANAGED, ...IOMMUFD]);
    await delay(ms);
    program.child.kill('SIGTERM');
    await program.ended;
  });

  it('are bound for a try of the built-in machine', async () => {
    const { status, stdout } = await start(['--check', '-machine', 'bare', '-m', '64M', '--manage-devices', ...IOMMUFD]).ended;
    expect(stdout).toContain('1 device attached');
    expect(status).toBe(0);
  });

  it('that were bound before stay where they are', async () => {
    bindToVfio(mixedEdu);
    bindToVfio(mixedRng);
    const program = start([...MANAGED, ...IOMMUFD]);
    await childUp(program);
    program.child.kill('SIGTERM');
    expect((await program.ended).status).toBe(0);
    expect(drivers()).toEqual(['vfio-pci', 'vfio-pci']);
    restoreDriver(mixedEdu);
    restoreDriver(mixedRng);
  });

  it('that the host uses are refused, and nothing is touched', async () => {
    const name = readdirSync(`/sys/bus/pci/devices/${e1000e}/net`)[0];
    const ip = (...words: string[]): string => execFileSync('ip', words, { encoding: 'utf8' });
    ip('link', 'set', name ?? '', 'up');
    ip('addr', 'add', '192.0.2.1/24', 'dev', name ?? '');
    while (readFileSync(`/sys/class/net/${name}/carrier`, 'utf8').trim() !== '1') await delay(50);
    const { status, stderr } = await start([...MANAGED, '-device', `vfio-pci,host=${e1000e}`]).ended;
    ip('addr', 'flush', 'dev', name ?? '');
    ip('link', 'set', name ?? '', 'down');
    expect(status).toBe(1);
    expect(stderr).toContain('the host uses this device');
    expect(driverOf(e1000e)).toBe('e1000e');
  });

  it('are planned as they will be, and nothing is touched', async () => {
    const { status, stdout } = await runSubcommand(['plan', ...EMPTY, '--manage-devices', ...IOMMUFD]);
    expect(stdout).toContain(`${mixedRng}`);
    expect(stdout).toMatch(/steps, about/);
    expect(status).toBe(0);
  });
});
