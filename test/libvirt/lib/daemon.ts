import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { tryVirsh } from './virsh.ts';

const PID_FILE = '/run/libvirtd.pid';
const POLL_MS = 100;

const until = async (isTrue: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await isTrue())) await sleep(POLL_MS);
};

/** Ends libvirt's daemon, as an update of its package does, and starts it again. The virtual machines run on meanwhile. */
export const restartLibvirt = async (): Promise<void> => {
  const pid = Number(readFileSync(PID_FILE, 'utf8'));
  process.kill(pid, 'SIGTERM');
  await until(() => !existsSync(`/proc/${pid}`));
  execFileSync('libvirtd', ['-d']);
  await until(async () => (await tryVirsh('list')).status === 0);
};
