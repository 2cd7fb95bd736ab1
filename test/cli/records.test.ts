import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { expectClearError } from './expect-error.ts';
import { leftOpen, readTrace } from './read-trace.ts';
import { ROOT, run, runShell, WORKSTATION } from './run.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'vmattach-records-'));
afterAll(() => rmSync(folder, { recursive: true }));

const workstation = ['--host-model', WORKSTATION, '-machine', 'bare', '-m', '1G'];

describe('records of a run', () => {
  const args = [...workstation, '--check', '-object', 'iommufd,id=i0', '-device', 'vfio-pci,host=01:00.0,iommufd=i0'];

  test('--trace writes Chrome trace events: what was opened was closed, in order of time', async () => {
    const file = path.join(folder, 'trace.json');
    expect((await run([...args, '--trace', file])).status).toBe(0);
    const calls = readTrace(file);
    const names = calls.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['VFIO_DEVICE_BIND_IOMMUFD', 'IOMMU_IOAS_MAP', 'IOMMU_IOAS_UNMAP', 'munmap']));
    expect(leftOpen(calls)).toBe(0);
    expect(calls.every(({ ph, ts, dur }) => ph === 'X' && ts >= 0 && dur >= 0)).toBe(true);
    expect(calls.map(({ ts }) => ts)).toEqual(calls.map(({ ts }) => ts).toSorted((a, b) => a - b));
  });

  test('--trace is written for a launch that fails under way, and shows that all was undone', async () => {
    const trace = path.join(folder, 'failed.json');
    const model = JSON.parse(readFileSync(path.join(ROOT, WORKSTATION), 'utf8'));
    // The facts do not tell that interrupts are not isolated, so only the kernel can refuse.
    for (const iommu of model.iommus) Object.assign(iommu, { type: 'virtio', isolatedMsi: 'unknown' });
    const unsafe = path.join(folder, 'unsafe.json');
    writeFileSync(unsafe, JSON.stringify(model));
    const outcome = await run([...workstation, '--host-model', unsafe, '-device', 'vfio-pci,host=06:00.0', '--trace', trace]);
    expectClearError(
      outcome,
      /: vfio 0000:06:00\.0: failed to setup container for group 16: Failed to set iommu for container: Operation not permitted$/,
    );
    const calls = readTrace(trace);
    expect(calls.find(({ args: { error } }) => error !== undefined)).toMatchObject({
      name: 'VFIO_SET_IOMMU',
      args: { error: 'EPERM' },
    });
    expect(leftOpen(calls)).toBe(0);
  });

  /** Kernel calls, behind what was decided. */
  const eventsOf = (log: string): string[] =>
    log
      .trim()
      .split('\n')
      .flatMap((line) => JSON.parse(line).call ?? []);

  test('--log-level debug writes one JSON object a line to standard error', async () => {
    const { stderr, stdout, status } = await run([...args, '--log-level', 'debug']);
    expect(status).toBe(0);
    expect(stdout).toContain('1 device attached');
    expect(eventsOf(stderr)).toContain('open');
  });

  test('--log-file keeps the log out of standard error', async () => {
    const file = path.join(folder, 'log.jsonl');
    const { stderr } = await run([...args, '--log-level', 'debug', '--log-file', file]);
    expect(stderr).toBe('');
    expect(eventsOf(readFileSync(file, 'utf8'))).toContain('open');
  });

  test.each(['silent', 'error', 'warn'])('--log-level %s has nothing to say about a launch that works', async (level) => {
    expect(await run([...args, '--log-level', level])).toMatchObject({ status: 0, stderr: '' });
  });
});

describe('a reader that goes away is no failure', () => {
  const line = `-m 1G -device vfio-pci,host=01:00.0 --host-model ${WORKSTATION}`;
  test.each([
    `"$VMATTACH" plan --format json ${line} | head -1`,
    `"$VMATTACH" -object help | head -1`,
    `"$VMATTACH" plan --format json ${line} | true`,
    `"$VMATTACH" -machine bare --check --log-level debug ${line} 2>&1 | head -1`,
    `"$VMATTACH" -machine bare --check ${line} 2>&1 >/dev/null | true`,
  ])('%s', async (script) => {
    const { stdout, stderr } = await runShell(`set -o pipefail; ${script}; echo "status $?"`);
    expect(stdout).toMatch(/status 0\n$/);
    expect(stderr).toBe('');
  });
});

test('the log says which backend was chosen and why, of a launch by an engine too', async () => {
  const args = ['--host-model', WORKSTATION, '--log-level', 'info', '--check', '-device', 'vfio-pci,host=06:00.0'];
  for (const machine of ['bare', 'q35']) {
    const { stderr } = await run([...args, '-machine', machine]);
    const [decision] = stderr
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(decision).toMatchObject({ host: '0000:06:00.0', backend: 'type1', reason: expect.stringContaining('default backend') });
  }
});
