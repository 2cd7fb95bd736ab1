import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { timeCommand } from './measure.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');
const BUDGET_SECONDS = process.env.VMATTACH_BENCH_SECONDS ?? '180';
const HOTPLUG_SECONDS = '60';

/**
 * Attaches devices in the test guest, on a real kernel; see in-guest.mjs. The first time this builds that kernel.
 * @throws when gcc or the guest fails
 */
export const benchGuest = () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'vmattach-bench-'));
  try {
    // Static: the guest has no more than this machine's files, and nothing is loaded that is not measured.
    const attach = path.join(folder, 'attach');
    timeCommand('gcc', ['-O2', '-Wall', '-static', '-o', attach, path.join(import.meta.dirname, 'attach.c')]);
    const command = `node bench/in-guest.mjs ${attach} ${BUDGET_SECONDS} && node bench/hotplug-in-guest.mjs ${HOTPLUG_SECONDS}`;
    const { status } = spawnSync('bash', ['test/kernel/guest.sh', 'vtd', '--', command], {
      cwd: ROOT,
      env: { ...process.env, VMATTACH_RESULTS: path.join(folder, 'results') },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    if (status !== 0) throw new Error(`the test guest ended with status ${status}`);
    const result = (name) => JSON.parse(readFileSync(path.join(folder, 'results', name), 'utf8'));
    return { ...result('bench.json'), hotplug: result('hotplug.json') };
  } finally {
    rmSync(folder, { recursive: true });
  }
};
