/**
 * Runs in the test guest: attaches devices with function-level reset by vmattach, by attach.c and by QEMU, in turns, and writes what each
 * took to bench.json in the results folder. Usage: node in-guest.mjs ATTACH-PROGRAM BUDGET-SECONDS
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { addressOf, bindToVfio } from './guest-devices.mjs';
import { inTurns, median, round, timeCommand } from './measure.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');
const [attachProgram = '', budgetSeconds = '180'] = process.argv.slice(2);
const ADDRESSES = ['flrA', 'flrB', 'flrC', 'flrD'].map(addressOf);
const CASES = [
  { devices: 1, mib: 64 },
  { devices: 2, mib: 64 },
  { devices: 4, mib: 64 },
  { devices: 4, mib: 512 },
].flatMap((size) => ['iommufd', 'type1'].map((backend) => ({ ...size, backend })));
const QEMU = 'qemu-system-x86_64';

const deviceOptions = ({ devices, backend }) => [
  ...(backend === 'iommufd' ? ['-object', 'iommufd,id=i'] : []),
  ...ADDRESSES.slice(0, devices).flatMap((address) => [
    '-device',
    `vfio-pci,host=${address}${backend === 'iommufd' ? ',iommufd=i' : ''}`,
  ]),
];

const byVmattach = (which) => {
  const options = ['--check', '--format', 'json', '-machine', 'bare', '-m', `${which.mib}M`, ...deviceOptions(which)];
  return JSON.parse(timeCommand(process.execPath, [path.join(ROOT, 'bin', 'vmattach'), ...options]).stdout).attachMs;
};

/** @param flags `--populate`, or none. @returns ms of the whole, and of mapping alone */
const runC = ({ devices, mib, backend }, flags = []) =>
  timeCommand(attachProgram, [...flags, backend, String(mib), ...ADDRESSES.slice(0, devices)])
    .stdout.split(' ')
    .map(Number);

const byC = (which) => runC(which)[0];

/** The map of untouched pages against that of pages which are there. */
const MAPPED = ['iommufd', 'type1'].map((backend) => ({ devices: 1, mib: 512, backend }));

/** From the start of QEMU until it answers a command, which it does when the machine with all its devices is there. */
const qemuUntilReady = async (mib, options) => {
  const machine = ['-machine', 'q35', '-accel', 'tcg', '-S', '-display', 'none', '-nodefaults', '-m', `${mib}M`];
  const began = performance.now();
  const qemu = spawn(QEMU, [...machine, ...options, '-qmp', 'stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise((resolve, reject) => qemu.on('error', reject).on('close', resolve));
  qemu.stdin.write('{"execute":"qmp_capabilities"}\n{"execute":"query-status","id":"ready"}\n');
  let ms;
  for await (const line of createInterface(qemu.stdout)) {
    if (JSON.parse(line).id === 'ready') {
      ms = performance.now() - began;
      qemu.stdin.write('{"execute":"quit"}\n');
    }
  }
  const status = await ended;
  if (ms === undefined || status !== 0) throw new Error(`QEMU ended with status ${status}`);
  return ms;
};

const nameOf = (by, { devices, mib, backend }) => `${by} ${backend} ${devices} ${mib}`;

const subjects = Object.fromEntries([
  ...CASES.flatMap((which) => [
    [nameOf('vmattach', which), () => byVmattach(which)],
    [nameOf('c', which), () => byC(which)],
    [nameOf('qemu', which), () => qemuUntilReady(which.mib, deviceOptions(which))],
  ]),
  ...MAPPED.flatMap((which) => [
    [nameOf('map untouched', which), () => runC(which)[1]],
    [nameOf('map populated', which), () => runC(which, ['--populate'])[1]],
  ]),
  ...[64, 512].map((mib) => [`qemu without devices ${mib}`, () => qemuUntilReady(mib, [])]),
]);

for (const address of ADDRESSES) bindToVfio(address);
const samples = await inTurns(subjects, { rounds: 9, leastRounds: 2, budgetMs: Number(budgetSeconds) * 1000 });
const ms = (name) => median(samples[name]);

writeFileSync(
  path.join(process.env.VMATTACH_GUEST_RESULTS, 'bench.json'),
  JSON.stringify({
    qemu: timeCommand(QEMU, ['--version']).stdout.split('\n')[0],
    kernel: timeCommand('uname', ['-r']).stdout.trim(),
    rounds: Object.values(samples)[0].length,
    map: MAPPED.map((which) => ({
      backend: which.backend,
      mib: which.mib,
      untouchedMs: round(ms(nameOf('map untouched', which)), 1),
      populatedMs: round(ms(nameOf('map populated', which)), 1),
    })),
    attach: CASES.map((which) => {
      const [ours, c] = [ms(nameOf('vmattach', which)), ms(nameOf('c', which))];
      const qemu = ms(nameOf('qemu', which)) - ms(`qemu without devices ${which.mib}`);
      return {
        ...which,
        vmattachMs: round(ours, 1),
        cMs: round(c, 1),
        qemuMs: round(qemu, 1),
        timesC: round(ours / c),
        timesQemu: round(ours / qemu),
      };
    }),
  }),
);
