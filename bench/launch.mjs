import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { environment, inTurns, median, round, timeCommand } from './measure.mjs';

const PROGRAM = path.resolve(import.meta.dirname, '..', 'bin', 'vmattach');
const QEMU = 'qemu-system-x86_64';
const ROUNDS = 40;

const MONITOR = ['-nodefaults', '-display', 'none', '-S', '-qmp', 'stdio'];

const machineWith = (device) => ['-machine', 'q35', '-accel', 'tcg', '-m', '64M', '-device', device, ...MONITOR];

/** Without a device that is passed through: those need hardware, and attaching them takes longer than all of this. */
const LINES = [
  { name: 'capability probe', how: 'handed over by the shell', args: ['-machine', 'none', ...MONITOR] },
  { name: 'q35 with 64 MiB and a virtio device', how: 'handed over by the shell', args: machineWith('virtio-rng-pci,id=rng0') },
  { name: 'q35 with 64 MiB and an IOMMU for the guest', how: 'read and checked by vmattach', args: machineWith('intel-iommu') },
];

const launch = (command, args) => spawn(command, args, { env: environment, stdio: ['pipe', 'pipe', 'inherit'] });

/** From the start of the process to the greeting of its monitor, in ms. */
const timeGreeting = async (command, args) => {
  const began = performance.now();
  const child = launch(command, args);
  const ended = once(child, 'exit');
  const [greeting] = await once(child.stdout, 'data');
  const ms = performance.now() - began;
  if (!String(greeting).startsWith('{"QMP"')) throw new Error(`${command} ${args.join(' ')}: ${greeting}`);
  child.stdin.end('{"execute":"qmp_capabilities"}{"execute":"quit"}');
  await ended;
  return ms;
};

const medians = (samples) => Object.fromEntries(Object.entries(samples).map(([name, values]) => [name, median(values)]));

const benchLine = async ({ name, how, args }, empty) => {
  const { node, qemu, vmattach } = medians(
    await inTurns(
      {
        node: () => timeCommand(process.execPath, [empty]).ms,
        qemu: () => timeGreeting(QEMU, args),
        vmattach: () => timeGreeting(PROGRAM, args),
      },
      { rounds: ROUNDS },
    ),
  );
  return {
    name,
    how,
    nodeMs: round(node),
    qemuMs: round(qemu),
    vmattachMs: round(vmattach),
    overheadMs: round(vmattach - qemu),
    overheadTimesNode: round((vmattach - qemu) / node),
  };
};

/** What vmattach in front of QEMU costs until the monitor greets; undefined without QEMU. */
export const benchLaunch = async () => {
  if (spawnSync(QEMU, ['--version']).status !== 0) return undefined;
  const folder = mkdtempSync(path.join(tmpdir(), 'vmattach-bench-'));
  try {
    const empty = path.join(folder, 'empty.cjs');
    writeFileSync(empty, '');
    const rows = [];
    for (const line of LINES) rows.push(await benchLine(line, empty));
    return rows;
  } finally {
    rmSync(folder, { recursive: true });
  }
};
