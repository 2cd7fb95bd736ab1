import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { expectClearError } from './expect-error.ts';
import { ROOT, run } from './run.ts';

const on = (host: string): string[] => ['--host-model', `examples/hosts/${host}.json`];
const GPU = ['-machine', 'bare', '-m', '1G', '-device', 'vfio-pci,host=01:00.0'];
const GPU_IOMMUFD = [...GPU.slice(0, -1), 'vfio-pci,host=01:00.0,iommufd=i', '-object', 'iommufd,id=i'];

/** The file of an example host with something changed, for the length of one test. */
const changed = (host: string, change: (model: Record<string, unknown>) => object): string[] => {
  const folder = mkdtempSync(path.join(tmpdir(), 'doctor-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'host.json');
  const model = JSON.parse(readFileSync(path.join(ROOT, `examples/hosts/${host}.json`), 'utf8'));
  writeFileSync(file, JSON.stringify({ ...model, ...change(model) }));
  return ['--host-model', file];
};

const unclearIsolation = ({ iommus }: Record<string, unknown>): object => ({
  iommus: Array.isArray(iommus) ? iommus.map((iommu: object) => ({ ...iommu, isolatedMsi: 'unknown' })) : [],
});

describe('vmattach doctor', () => {
  test.each([
    { host: 'workstation', args: [], status: 0 },
    { host: 'workstation', args: GPU, status: 0 },
    { host: 'workstation', args: GPU_IOMMUFD, status: 0 },
    { host: 'stock-debian', args: GPU, status: 0 },
    { host: 'stock-debian', args: GPU_IOMMUFD, status: 1 },
    { host: 'unprepared', args: [], status: 1 },
    { host: 'unprepared', args: GPU, status: 1 },
    { host: 'no-iommu', args: [], status: 1 },
    { host: 'workstation', args: ['-m', '1G'], status: 0 },
  ])('exits with $status on $host for $args, and agrees with the launch', async ({ host, args, status }) => {
    const examined = await run(['doctor', ...on(host), ...args]);
    expect({ status: examined.status, stderr: examined.stderr }).toEqual({ status, stderr: '' });
    if (args.includes('-device')) {
      expect((await run([...on(host), ...args, '--check'])).status).toBe(status);
    }
  });

  test('exits with 2 when a hard criterion cannot be told', async () => {
    const { status, stdout } = await run(['doctor', ...changed('workstation', unclearIsolation), ...GPU]);
    expect(status).toBe(2);
    expect(stdout).toMatch(/^cannot tell for this launch \(/);
    expect(stdout).toMatch(/^\? +interrupts isolated: cannot tell: /m);
  });

  test('as JSON: readiness and criteria', async () => {
    const { status, stdout } = await run(['doctor', '--format', 'json', ...on('unprepared'), ...GPU]);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'vmattach.doctor/1',
      readiness: 'not-ready',
      forLaunch: true,
      criteria: expect.arrayContaining([
        expect.objectContaining({
          id: 'bound',
          level: 'hard',
          result: 'fails',
          detail: null,
          defects: [expect.objectContaining({ code: 'NOT_BOUND', cause: expect.stringContaining('is bound to nvidia') })],
        }),
        expect.objectContaining({ id: 'iommu', level: 'soft', result: 'ok', defects: [] }),
      ]),
    });
  });

  test('what holds a device is named', async () => {
    const held = {
      device: '243:16',
      mode: '0600',
      uid: 1000,
      gid: 1000,
      heldBy: { pid: 4711, command: 'qemu-system-x86' },
    };
    const model = changed('workstation', ({ nodes }) => ({ nodes: { ...(nodes as object), '/dev/vfio/16': held } }));
    const { status, stdout } = await run(['doctor', ...model, '-machine', 'bare', '-device', 'vfio-pci,host=06:00.0']);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^FAIL +devices not in use\n +cause: .*4711.*qemu-system-x86/m);
  });

  test('an engine that is missing stands against the launch of a machine type that needs one', async () => {
    const device = ['-machine', 'q35', '-device', 'vfio-pci,host=06:00.0'];
    const { stdout } = await run(['doctor', ...device]);
    expect(stdout).toMatch(/^FAIL +VMM engine\n +cause: VMATTACH_QEMU names /m);
    expect((await run(['doctor', ...on('workstation'), ...device])).stdout).toMatch(/^ok +VMM engine: /m);
  });

  test('is the same bytes twice', async () => {
    const args = ['doctor', '--format', 'json', ...on('unprepared'), ...GPU];
    const [first, second] = await Promise.all([run(args), run(args)]);
    expect(second).toEqual(first);
  });

  test('examines this host, whatever it is', async () => {
    const { status, stdout, stderr } = await run(['doctor']);
    expect([0, 1, 2]).toContain(status);
    expect(stdout).toMatch(/^(ready|not ready|cannot tell) \(/);
    expect(stderr).toBe('');
  });

  test.each([
    { args: ['--format', 'svg'], says: /svg/ },
    { args: ['-device', 'vfio-pci,hosst=01:00.0'], says: /hosst/ },
    { args: ['--host-model', 'examples/hosts'], says: /host-model/ },
  ])('refuses $args', async ({ args, says }) => expectClearError(await run(['doctor', ...args]), says));
});
