/**
 * Runs in the test guest: plugs a device into a machine whose IOAS another device has set up, by vmattach and by QEMU in turns, and
 * writes what device_add took until its reply to hotplug.json in the results folder. Usage: node hotplug-in-guest.mjs BUDGET-SECONDS
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { addressOf, bindToVfio } from './guest-devices.mjs';
import { inTurns, median, round } from './measure.mjs';
import { QmpClient } from './qmp-client.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');
const [budgetSeconds = '60'] = process.argv.slice(2);
const folder = mkdtempSync(path.join(tmpdir(), 'hotplug-'));

/** Each program has a device attached from the start and plugs others: one without a reset, one whose reset takes 100 ms. */
const PROGRAMS = {
  vmattach: {
    command: [process.execPath, path.join(ROOT, 'bin/vmattach'), '-machine', 'bare'],
    attached: 'flrA',
    plugged: { edu: 'eduA', 'virtio-net (reset)': 'flrB' },
  },
  qemu: {
    command: ['qemu-system-x86_64', '-machine', 'q35', '-accel', 'tcg', '-nodefaults', '-display', 'none'],
    attached: 'flrC',
    plugged: { edu: 'eduB', 'virtio-net (reset)': 'flrD' },
    ports: ['-device', 'pcie-root-port,id=rp0,chassis=1'],
    bus: 'rp0',
  },
};
const DEVICES = Object.keys(PROGRAMS.vmattach.plugged);

const start = async (name) => {
  const { command, attached, ports = [] } = PROGRAMS[name];
  const socket = path.join(folder, name);
  const machine = ['-S', '-m', '64M', '-object', 'iommufd,id=i', ...ports];
  const device = ['-device', `vfio-pci,id=first,host=${addressOf(attached)},iommufd=i`];
  const [program, ...options] = command;
  const args = [...options, ...machine, ...device, '-qmp', `unix:${socket},server=on,wait=off`];
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const client = await QmpClient.connect(socket);
  // The reply means that all devices are there.
  await client.run('query-status');
  return { name, child, client };
};

/** Plugs a device and takes it out again. @returns ms of device_add */
const plug = async ({ name, client }, device) => {
  const { plugged, bus } = PROGRAMS[name];
  const where = bus === undefined ? {} : { bus };
  const ms = await client.run('device_add', {
    driver: 'vfio-pci',
    id: 'second',
    host: addressOf(plugged[device]),
    iommufd: 'i',
    ...where,
  });
  const deleted = client.event('DEVICE_DELETED', (data) => data.device === 'second');
  await client.run('device_del', { id: 'second' });
  // Without a guest that lets go of it, a reset ends the unplug in QEMU.
  if (bus !== undefined) await client.run('system_reset');
  await deleted;
  return ms;
};

for (const { attached, plugged } of Object.values(PROGRAMS)) {
  for (const role of [attached, ...Object.values(plugged)]) bindToVfio(addressOf(role));
}
const programs = await Promise.all(Object.keys(PROGRAMS).map(start));
const subjects = Object.fromEntries(
  DEVICES.flatMap((device) => programs.map((program) => [`${program.name} ${device}`, () => plug(program, device)])),
);
const samples = await inTurns(subjects, { rounds: 31, leastRounds: 7, budgetMs: Number(budgetSeconds) * 1000 });
for (const { child, client } of programs) {
  client.close();
  child.kill('SIGTERM');
}

writeFileSync(
  path.join(process.env.VMATTACH_GUEST_RESULTS, 'hotplug.json'),
  JSON.stringify(
    DEVICES.map((device) => {
      const [ours, qemu] = [median(samples[`vmattach ${device}`]), median(samples[`qemu ${device}`])];
      return {
        device,
        rounds: samples[`vmattach ${device}`].length,
        vmattachMs: round(ours, 1),
        qemuMs: round(qemu, 1),
        timesQemu: round(ours / qemu),
      };
    }),
  ),
);
