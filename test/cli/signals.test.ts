import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { leftOpen, readTrace } from './read-trace.ts';
import { start, WORKSTATION } from './run.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'vmattach-signals-'));
afterAll(() => rmSync(folder, { recursive: true }));

const HOLD = ['--host-model', WORKSTATION, '-machine', 'bare', '-m', '1G', '-object', 'iommufd,id=i0'];
const DEVICES = ['-device', 'vfio-pci,host=01:00.0,iommufd=i0', '-device', 'vfio-pci,host=06:00.0,iommufd=i0'];

const SIGNALS = [
  ['SIGHUP', 1],
  ['SIGINT', 2],
  ['SIGTERM', 15],
] as const;

describe('devices are held until a signal, and released by it', () => {
  test.each(SIGNALS)('%s ends it with exit status 0 and says so', async (signal, number) => {
    const trace = path.join(folder, `${signal}.json`);
    const running = start([...HOLD, ...DEVICES, '--trace', trace]);
    await running.saw('2 devices attached');
    expect(running.child.exitCode).toBeNull();
    running.child.kill(signal);
    const { status, signal: endedBy, stderr } = await running.ended;
    expect({ status, endedBy, stderr }).toEqual({
      status: 0,
      endedBy: null,
      stderr: `vmattach: terminating on signal ${number} (${signal})\n`,
    });
    expect(leftOpen(readTrace(trace))).toBe(0);
  });

  test('SIGUSR1 opens no debugger, and ends nothing', async () => {
    const running = start([...HOLD, ...DEVICES]);
    await running.saw('2 devices attached');
    running.child.kill('SIGUSR1');
    await new Promise((resolve) => setTimeout(resolve, 200));
    running.child.kill('SIGTERM');
    const { status, stderr } = await running.ended;
    expect({ status, stderr }).toEqual({ status: 0, stderr: 'vmattach: terminating on signal 15 (SIGTERM)\n' });
  });

  test('it really holds: nothing ends it by itself', async () => {
    const running = start([...HOLD, ...DEVICES]);
    await running.saw('2 devices attached');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(running.child.exitCode).toBeNull();
    running.child.kill('SIGTERM');
    expect((await running.ended).status).toBe(0);
  });

  test('a second signal does not cut the release short', async () => {
    const trace = path.join(folder, 'twice.json');
    const running = start([...HOLD, ...DEVICES, '--trace', trace]);
    await running.saw('2 devices attached');
    running.child.kill('SIGINT');
    running.child.kill('SIGTERM');
    running.child.kill('SIGINT');
    await running.ended;
    // A signal that comes when Node has ended everything kills what is left of it; the trace is written after the release.
    expect(leftOpen(readTrace(trace))).toBe(0);
  });

  test('a machine without devices is held as well', async () => {
    const running = start(['-machine', 'bare', '-m', '64M', '--host-model', WORKSTATION]);
    await running.saw('0 devices attached');
    running.child.kill('SIGTERM');
    expect((await running.ended).status).toBe(0);
  });
});

describe('a signal while devices are being attached', () => {
  test.each(SIGNALS)('%s undoes what was done', async (signal, number) => {
    const trace = path.join(folder, `early-${signal}.json`);
    const running = start([...HOLD, ...DEVICES, '--trace', trace, '--log-level', 'debug']);
    await running.saw('"call":"mmap"');
    running.child.kill(signal);
    const { status, stderr } = await running.ended;
    expect(status).toBe(0);
    expect(stderr).toContain(`vmattach: terminating on signal ${number} (${signal})\n`);
    expect(leftOpen(readTrace(trace))).toBe(0);
  });
});
