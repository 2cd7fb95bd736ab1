import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, describe, expect, test } from 'vitest';
import { expectClearError } from './expect-error.ts';
import { FakeEngines } from './fake-engine.ts';
import { ROOT, run, runShell } from './run.ts';

const engines = new FakeEngines();
afterAll(() => engines.remove());

const isRoot = process.getuid?.() === 0;

const status = engines.script('status', `grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs)' /proc/$$/status; printf '%s|' "$@"`);

const NO_CAPABILITIES = ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].map((name) => `${name}:\t0000000000000000`);

describe.runIf(isRoot)('--run-as for QEMU', () => {
  test.each([[[]], [['--supervise']]])('%o: its user, no groups, no capabilities, the rest word for word', async (options) => {
    const { stdout, stderr, status: exit } = await run(['--run-as', '4001:4002', ...options, '--qemu', status, '-S', 'a b.img']);
    expect({ stderr, exit }).toEqual({ stderr: '', exit: 0 });
    expect(stdout).toContain('Uid:\t4001\t4001\t4001\t4001\nGid:\t4002\t4002\t4002\t4002\nGroups:\t \n');
    for (const line of [...NO_CAPABILITIES, 'NoNewPrivs:\t1']) expect(stdout).toContain(line);
    expect(stdout).toContain('-S|a b.img|');
  });

  test('leaves set-user-ID programs to it if the network needs one', async () => {
    const { stdout } = await run(['--run-as', '4001:4002', '--qemu', status, '-netdev', 'bridge,id=n0']);
    expect(stdout).toContain('CapEff:\t0000000000000000');
    expect(stdout).toContain('NoNewPrivs:\t0');
  });

  test.each([[[]], [['--supervise']]])('%o: a program that the user may not execute', async (options) => {
    const closed = engines.script('closed', 'exit 0');
    chmodSync(closed, 0o700);
    const outcome = await run(['--run-as', '4001:4002', ...options, '--qemu', closed, '-S']);
    expectClearError(outcome, `cannot execute ${closed}: Permission denied`);
    expect(outcome.stderr).toContain('4001 may not execute it');
  });

  test('names the user when QEMU may not open a file', async () => {
    const denied = engines.script(
      'denied',
      `echo "qemu: -drive file=/srv/a: Could not open '/srv/a': Permission denied" >&2; exit 1`,
    );
    const { stderr, status: exit } = await run(['--run-as', '4001:4002', '--supervise', '--qemu', denied, '-S']);
    expect(exit).toBe(1);
    expect(stderr).toContain('cause: QEMU runs as 4001 (uid 4001)');
    expect(stderr).toContain('fix: chown 4001 /srv/a');
  });

  test('is for root only', async () => {
    const outcome = await runShell(
      `exec setpriv --reuid 4001 --regid 4002 --clear-groups $VMATTACH --run-as 4003:4003 --qemu ${status} -S`,
    );
    expectClearError(outcome, '--run-as 4003:4003: only root can run QEMU as another user');
  });
});

describe('--run-as refuses', () => {
  test.each([
    ['nosuchuser', "user 'nosuchuser' does not exist"],
    ['nobody:nosuchgroup', "group 'nosuchgroup' does not exist"],
    ['root', 'root is who an engine runs as without this option'],
    [':x', 'a user is expected, and a group behind a colon'],
  ])('%s', async (user, message) => {
    expectClearError(await run(['--run-as', user, '--qemu', status, '-S']), `--run-as ${user}: ${message}`);
  });
});

const ALL = ['CAP_DAC_OVERRIDE', 'CAP_SETUID', 'CAP_SETGID', 'CAP_IPC_LOCK', 'CAP_SYS_RESOURCE'];

/** An example host on which root plans. */
const rootsModel = (name: string): string => {
  const file = path.join(engines.folder, `${name}.json`);
  const model = JSON.parse(readFileSync(path.join(ROOT, `examples/hosts/${name}.json`), 'utf8'));
  const process = { uid: 0, gid: 0, groups: [], capabilities: ALL, memlock: { soft: 8_388_608, hard: 8_388_608 } };
  writeFileSync(file, JSON.stringify({ ...model, process }));
  return file;
};

const MODEL = ['--host-model', rootsModel('workstation'), '-machine', 'q35', '-m', '2G'];
const UNPREPARED = rootsModel('unprepared');
const IOMMUFD = ['-object', 'iommufd,id=i0', '-device', 'vfio-pci,id=nic,host=06:00.0,iommufd=i0'];

const isPlan = new Ajv2020({ strict: false }).compile(JSON.parse(readFileSync(path.join(ROOT, 'docs/plan.schema.json'), 'utf8')));

const planJson = async (...words: string[]) => {
  const { stdout, status: exit } = await run(['plan', '--format', 'json', ...MODEL, ...words]);
  const plan = JSON.parse(stdout);
  expect({ valid: isPlan(plan), errors: isPlan.errors }).toEqual({ valid: true, errors: null });
  return { plan, exit };
};

describe('the plan', () => {
  test('shows the user, what is opened and passed, and the limit', async () => {
    const { stdout, status: exit } = await run(['--dry-run', ...MODEL, '--run-as', '4001:4002', ...IOMMUFD]);
    expect(exit).toBe(0);
    for (const line of [
      'QEMU runs as 4001 (4001:4002) with no capabilities and no supplementary groups',
      'vmattach opens /dev/iommu for /objects/i0 and passes it as fd 64',
      'vmattach opens /dev/vfio/devices/vfio2 for /machine/peripheral/nic and passes it as fd 65',
      'RLIMIT_MEMLOCK is set to 3072 MiB',
      'limit 3072 MiB per process',
      '-object iommufd,id=i0,fd=64',
      '-device vfio-pci,id=nic,host=06:00.0,iommufd=i0,fd=65',
    ]) {
      expect(stdout).toContain(line);
    }
  });

  test('has the same as an object', async () => {
    const { plan, exit } = await planJson('--run-as', '4001:4002', ...IOMMUFD);
    expect(exit).toBe(0);
    expect(plan.privileges).toMatchObject({
      user: { name: '4001', uid: 4001, gid: 4002, groups: [] },
      opened: [
        { fd: 64, kind: 'iommufd', node: '/dev/iommu', owner: '/objects/i0' },
        { fd: 65, kind: 'vfio-cdev', node: '/dev/vfio/devices/vfio2', owner: '/machine/peripheral/nic' },
      ],
      grants: [],
    });
    expect(plan.exec.argv).toContain('iommufd,id=i0,fd=64');
  });

  test('passes with --pass-fds as who starts it', async () => {
    const { plan } = await planJson('--pass-fds', ...IOMMUFD);
    expect(plan.privileges.user).toBeNull();
    expect(plan.privileges.opened).toHaveLength(2);
  });

  test('leaves what was passed alone', async () => {
    const { plan } = await planJson('--run-as', '4001:4002', '-object', 'iommufd,id=i0,fd=20', ...IOMMUFD.slice(2));
    expect(plan.problems.map(({ code }: { code: string }) => code)).toContain('FD_NOT_OPEN');
    expect(plan.privileges.opened.map(({ owner }: { owner: string }) => owner)).toEqual(['/machine/peripheral/nic']);
  });

  test('grants the node of a type1 device under --supervise, and refuses it without', async () => {
    const type1 = ['--run-as', '4001:4002', '-device', 'vfio-pci,host=06:00.0'];
    const { plan, exit } = await planJson('--supervise', ...type1);
    expect(exit).toBe(0);
    expect(plan.privileges.grants).toEqual([{ node: '/dev/vfio/16', uid: 4001 }]);
    const refused = await planJson(...type1);
    expect(refused.exit).toBe(1);
    expect(refused.plan.problems).toMatchObject([{ code: 'PERMISSION', subject: '/dev/vfio/16' }]);
  });
});

describe('the plan with --manage-devices', () => {
  const unprepared = (...words: string[]) =>
    run(['plan', '--format', 'json', '--host-model', UNPREPARED, '-machine', 'q35', '-m', '8M', ...words]);

  test('is for the host as it will be, and shows what is bound', async () => {
    const before = JSON.parse((await unprepared('-device', 'vfio-pci,host=01:00.0')).stdout);
    expect(before.problems.map(({ code }: { code: string }) => code)).toContain('NOT_BOUND');
    const { stdout, status: exit } = await unprepared('--manage-devices', '-device', 'vfio-pci,host=01:00.0');
    const plan = JSON.parse(stdout);
    expect(isPlan(plan)).toBe(true);
    expect(plan.problems).toEqual([]);
    expect(exit).toBe(0);
    const moved = plan.bindings.filter(({ driver, driverThen }: Record<string, string>) => driver !== driverThen);
    expect(moved).toMatchObject([
      { address: '0000:01:00.0', driver: 'nvidia', driverThen: 'vfio-pci', reason: 'named' },
      { address: '0000:01:00.1', driver: 'snd_hda_intel', driverThen: 'vfio-pci', reason: 'sibling' },
    ]);
  });

  test('needs root', async () => {
    const options = ['-machine', 'q35', '-m', '8M', '--manage-devices', '-device', 'vfio-pci,host=01:00.0'];
    const { stdout, status: exit } = await run(['plan', '--host-model', 'examples/hosts/unprepared.json', ...options]);
    expect(exit).toBe(1);
    expect(stdout).toContain('vmattach: --manage-devices: only root may change drivers');
  });

  test('says the other problems all the same', async () => {
    const plan = JSON.parse((await unprepared('--manage-devices', '-device', 'vfio-pci,host=7f:00.0')).stdout);
    expect(plan.problems.map(({ code }: { code: string }) => code)).toEqual(['NO_SUCH_DEVICE']);
  });

  test('binds nothing where no device is on this host', async () => {
    const { stdout } = await run([
      'plan',
      '--host-model',
      'examples/hosts/workstation.json',
      '--manage-devices',
      '-machine',
      'q35',
      '-device',
      'vfio-pci,host=7f:00.0',
    ]);
    expect(stdout).toContain('bound for the life of the VM: nothing, no PCI device of this host is named');
  });

  test('has nothing to bind where all are bound', async () => {
    const { stdout, status: exit } = await run(['plan', ...MODEL, '--manage-devices', ...IOMMUFD]);
    expect(exit).toBe(0);
    expect(stdout).toContain('bound for the life of the VM: nothing, all devices are on vfio already');
  });
});

test('--help tells of the options', async () => {
  const { stdout } = await run(['--help']);
  for (const option of ['--run-as USER[:GROUP]', '--pass-fds', '--supervise', '--manage-devices']) expect(stdout).toContain(option);
});
