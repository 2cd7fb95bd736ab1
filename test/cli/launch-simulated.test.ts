import { describe, expect, test } from 'vitest';
import { expectClearError } from './expect-error.ts';
import { firstError, run, WORKSTATION } from './run.ts';

const on = (host: string): string[] => ['--host-model', `examples/hosts/${host}.json`, '-machine', 'bare', '-m', '1G'];
const workstation = on('workstation');

const IOMMUFD = ['-object', 'iommufd,id=i0'];
const COMPAT = ['-object', 'iommufd,id=c0,compat=type1v2'];
const device = (host: string, more = ''): string[] => ['-device', `vfio-pci,host=${host}${more}`];

/** What can be attached on the example hosts, and through which backends. */
const ATTACHABLE: readonly (readonly [title: string, args: readonly string[], backends: readonly string[]])[] = [
  ['one device, type1', [...workstation, ...device('01:00.0')], ['type1']],
  ['one device, iommufd', [...workstation, ...IOMMUFD, ...device('01:00.0', ',iommufd=i0')], ['iommufd']],
  ['one device, compat', [...workstation, ...COMPAT, ...device('01:00.0', ',iommufd=c0')], ['iommufd-compat']],
  ['a whole group, type1', [...workstation, ...device('01:00.0'), ...device('01:00.1')], ['type1', 'type1']],
  [
    'a whole group, iommufd',
    [...workstation, ...IOMMUFD, ...device('01:00.0', ',iommufd=i0'), ...device('01:00.1', ',iommufd=i0')],
    ['iommufd', 'iommufd'],
  ],
  ['both backends', [...workstation, ...IOMMUFD, ...device('01:00.0'), ...device('06:00.0', ',iommufd=i0')], ['type1', 'iommufd']],
  ['the type that is always iommufd', [...workstation, '-device', 'vfio-iommu-pci,host=06:00.0'], ['iommufd']],
  [
    'the alternative spelling',
    [...workstation, '-object', 'iommu,id=x', '-device', 'vfio-iommu-pci,host=06:00.0,iommu=x'],
    ['iommufd'],
  ],
  ['--default-backend iommufd', [...workstation, '--default-backend', 'iommufd', ...device('06:00.0')], ['iommufd']],
  ['--default-backend prefer-iommufd', [...workstation, '--default-backend', 'prefer-iommufd', ...device('06:00.0')], ['iommufd']],
  [
    'prefer-iommufd on a kernel without iommufd',
    [...on('stock-debian'), '--default-backend', 'prefer-iommufd', ...device('01:00.0')],
    ['type1'],
  ],
  ['a kernel without iommufd, type1', [...on('stock-debian'), ...device('01:00.0')], ['type1']],
  [
    'sixteen virtual functions',
    [
      ...on('sriov-server'),
      ...IOMMUFD,
      ...Array.from({ length: 16 }, (_, n) => device(`41:0${2 + (n >> 3)}.${n & 7}`, ',iommufd=i0')).flat(),
    ],
    Array.from({ length: 16 }, () => 'iommufd'),
  ],
  [
    'shared memory backend',
    [...workstation, '-machine', 'memory-backend=m', '-object', 'memory-backend-memfd,id=m,size=1G', ...device('06:00.0')],
    ['type1'],
  ],
];

describe('--check attaches, reports and releases', () => {
  test.each(ATTACHABLE)('%s', async (_title, args, backends) => {
    const text = await run([...args, '--check']);
    expect({ status: text.status, error: firstError(text.stderr) }).toEqual({ status: 0, error: undefined });
    expect(text.stdout.match(/attached through \S+(?=:)/g)).toEqual(backends.map((backend) => `attached through ${backend}`));
    expect(text.stdout).toMatch(/^\d+ devices? attached and 1024 MiB of guest RAM mapped in [\d.]+ ms$/m);

    const json = await run([...args, '--check', '--format', 'json']);
    expect(json.status).toBe(0);
    expect(JSON.parse(json.stdout)).toMatchObject({
      schema: 'vmattach.check/1',
      attached: true,
      plan: { schema: 'vmattach.plan/1', devices: backends.map((backend) => ({ backend })) },
    });
  });

  test('the object that nobody wrote is printed and in the plan', async () => {
    const args = [...workstation, '-device', 'vfio-iommu-pci,id=gpu,host=01:00.0'];
    expect((await run([...args, '--check'])).stdout).toContain('created -object iommufd,id=#iommufd0');
    expect(JSON.parse((await run(['plan', ...args, '--format', 'json'])).stdout)).toMatchObject({
      objects: [{ path: '/objects/#iommufd0', id: '#iommufd0', type: 'iommufd', auto: true }],
      devices: [{ path: '/machine/peripheral/gpu', backend: 'iommufd', links: { iommufd: '/objects/#iommufd0' } }],
    });
  });
});

/** What cannot be attached, by the problem that says so. */
const REFUSED: readonly (readonly [code: string, args: readonly string[]])[] = [
  ['NO_IOMMU', [...on('no-iommu'), ...device('01:00.0')]],
  ['NOT_BOUND', [...on('unprepared'), ...device('01:00.0')]],
  ['NOT_BOUND', [...workstation, ...device('02:00.0')]],
  ['NOT_BOUND', [...workstation, ...IOMMUFD, ...device('02:00.0', ',iommufd=i0')]],
  ['MEMLOCK_TOO_LOW', [...on('unprepared'), ...device('01:00.0')]],
  ['IOMMUFD_MISSING', [...on('stock-debian'), ...IOMMUFD, ...device('01:00.0', ',iommufd=i0')]],
  ['IOMMUFD_MISSING', [...on('stock-debian'), ...IOMMUFD, ...device('01:00.0', ',iommufd=i0')]],
  ['NO_SUCH_DEVICE', [...workstation, ...device('ff:00.0')]],
  ['BACKEND_DISABLED', [...workstation, '--enable-backends', 'iommufd', ...device('01:00.0')]],
  ['BACKEND_DISABLED', [...workstation, '--enable-backends', 'type1', '-device', 'vfio-iommu-pci,host=01:00.0']],
  ['BACKEND_DISABLED', [...workstation, '--enable-backends=type1,iommufd', ...COMPAT, ...device('01:00.0', ',iommufd=c0')]],
  ['GROUP_SPLIT', [...workstation, ...IOMMUFD, ...device('01:00.0'), ...device('01:00.1', ',iommufd=i0')]],
  ['DUPLICATE_DEVICE', [...workstation, ...device('01:00.0'), ...device('01:00.0')]],
  ['CONFLICT', [...workstation, ...COMPAT, '-device', 'vfio-iommu-pci,host=01:00.0,iommu=c0']],
];

describe('what cannot work is refused before anything is touched', () => {
  test.each(REFUSED)('%s: %j', async (code, args) => {
    const planned = await run(['plan', '--format', 'json', ...args]);
    expect(planned.status).toBe(1);
    expect(JSON.parse(planned.stdout)).toMatchObject({
      steps: [],
      problems: expect.arrayContaining([expect.objectContaining({ code, severity: 'error' })]),
    });
    expectClearError(await run([...args, '--check']));
  });
});

describe('a plan', () => {
  const lines = [...ATTACHABLE.map(([, args]) => args), ...REFUSED.map(([, args]) => args)];
  test.each(lines.map((args) => ({ args })))(
    'is the same bytes twice, and fails iff a problem is an error: $args',
    async ({ args }) => {
      const [first, second] = await Promise.all([
        run(['plan', '--format', 'json', ...args]),
        run([...args, '--dry-run', '--format=json']),
      ]);
      expect(second).toEqual(first);
      const { problems } = JSON.parse(first.stdout);
      const failed = problems.some(({ severity }: { severity: string }) => severity === 'error');
      expect(first.status).toBe(failed ? 1 : 0);
      expect(first.stderr).toBe('');

      const [text, again] = await Promise.all([run(['plan', ...args]), run(['plan', ...args])]);
      expect(again).toEqual(text);
      expect(text.status).toBe(first.status);
      expect(text.stdout).toMatch(/^machine bare, 1024 MiB RAM\n/);
    },
  );

  test('warns of RAM that is mapped twice, and is no failure for that', async () => {
    const args = [...workstation, ...IOMMUFD, ...device('01:00.0'), ...device('06:00.0', ',iommufd=i0')];
    const { status, stdout } = await run(['plan', '--format', 'json', ...args]);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ problems: [{ code: 'DOUBLE_MAP', severity: 'warning' }] });
  });

  test('names the machine types of QEMU, and only a launch needs an engine for them', async () => {
    const args = ['--host-model', WORKSTATION, '-machine', 'q35', '-m', '1G', '-device', 'vfio-pci,host=01:00.0'];
    const planned = await run(['plan', '--format', 'json', ...args]);
    expect(planned.status).toBe(0);
    expect(JSON.parse(planned.stdout)).toMatchObject({ machine: { type: 'q35', engine: 'qemu' } });
  });
});
