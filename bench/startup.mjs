import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inTurns, median, round, timeCommand } from './measure.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');
const PROGRAM = path.join(ROOT, 'bin', 'vmattach');
const PLAN = [
  ['plan', '--host-model', path.join(ROOT, 'examples/hosts/workstation.json'), '-machine', 'bare', '-m', '1G'],
  ['-object', 'iommufd,id=iommufd0', '-device', 'vfio-pci,host=06:00.0,iommufd=iommufd0'],
].flat();
const QEMU = 'qemu-system-x86_64';
const ROUNDS = 20;

const isInstalled = (command) => spawnSync(command, ['--version']).status === 0;

/** How long whole processes take from start to end, in ms. */
export const benchStartup = async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'vmattach-bench-'));
  try {
    const empty = path.join(folder, 'empty.cjs');
    writeFileSync(empty, '');
    const node =
      (...args) =>
      () =>
        timeCommand(process.execPath, args).ms;
    const samples = await inTurns(
      {
        'node empty.cjs': node(empty),
        'vmattach --version': node(PROGRAM, '--version'),
        'vmattach plan, one device': node(PROGRAM, ...PLAN),
        ...(isInstalled(QEMU) && { [`${QEMU} --version`]: () => timeCommand(QEMU, ['--version']).ms }),
      },
      { rounds: ROUNDS },
    );
    const base = median(samples['node empty.cjs']);
    return Object.entries(samples).map(([name, values]) => ({
      name,
      ms: round(median(values)),
      timesNode: round(median(values) / base),
    }));
  } finally {
    rmSync(folder, { recursive: true });
  }
};
