import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inTurns, median, round } from './measure.mjs';
import { QmpClient } from './qmp-client.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');
const QEMU = 'qemu-system-x86_64';
const COMMANDS_EACH_TURN = 300;
const ROUNDS = 15;

const MONITORS = {
  vmattach: [process.execPath, path.join(ROOT, 'bin/vmattach'), '--host-model', path.join(ROOT, 'examples/hosts/workstation.json')],
  qemu: [QEMU, '-nodefaults', '-display', 'none'],
};
const MACHINES = { vmattach: 'bare', qemu: 'none' };

const start = (name, folder) => {
  const [command, ...options] = MONITORS[name];
  const socket = path.join(folder, name);
  const args = [...options, '-machine', MACHINES[name], '-S', '-m', '64M', '-qmp', `unix:${socket},server=on,wait=off`];
  return { child: spawn(command, args, { stdio: 'ignore' }), socket };
};

/** The median of one turn, in ms. */
const turn = async (client) => {
  const times = [];
  for (let count = 0; count < COMMANDS_EACH_TURN; count += 1) times.push(await client.run('query-status'));
  return median(times);
};

/** The round trip of a small command, for vmattach and QEMU side by side, in microseconds; without QEMU for vmattach alone. */
export const benchMonitor = async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'vmattach-bench-'));
  const names = spawnSync(QEMU, ['--version']).status === 0 ? ['vmattach', 'qemu'] : ['vmattach'];
  const running = names.map((name) => ({ name, ...start(name, folder) }));
  try {
    const clients = await Promise.all(running.map(async ({ name, socket }) => [name, await QmpClient.connect(socket)]));
    const samples = await inTurns(Object.fromEntries(clients.map(([name, client]) => [name, () => turn(client)])), {
      rounds: ROUNDS,
    });
    for (const [, client] of clients) client.close();
    const microseconds = (name) => round(median(samples[name]) * 1000, 1);
    return {
      command: 'query-status',
      vmattachUs: microseconds('vmattach'),
      ...(names.includes('qemu') && {
        qemuUs: microseconds('qemu'),
        timesQemu: round(median(samples.vmattach) / median(samples.qemu)),
      }),
    };
  } finally {
    for (const { child } of running) child.kill('SIGTERM');
    rmSync(folder, { recursive: true });
  }
};
