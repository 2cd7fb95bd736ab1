import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { domainXml, serialLog, type Domain } from './domain-xml.ts';
import { tryVirsh, virsh } from './virsh.ts';

const POLL_MS = 250;
const BOOT_TIMEOUT_MS = 90_000;

const FOLDER = mkdtempSync(path.join(tmpdir(), 'domains-'));

/** Tells libvirt about a virtual machine; nothing is started. */
export const define = async (domain: Domain): Promise<void> => {
  const file = path.join(FOLDER, `${domain.name}.xml`);
  writeFileSync(file, domainXml(domain));
  await virsh('define', file);
};

/** Stops a virtual machine if it runs and forgets it. */
export const remove = async (name: string): Promise<void> => {
  await tryVirsh('destroy', name);
  await virsh('undefine', name);
  rmSync(serialLog(name), { force: true });
};

export const pidFile = (name: string): string => `/run/libvirt/qemu/${name}.pid`;

export const pidOf = (name: string): number => Number(readFileSync(pidFile(name), 'utf8'));

/** Waits until the guest has said on its serial port what became of its DMA. @returns the line */
export const nestedReport = async (name: string): Promise<string> => {
  const deadline = Date.now() + BOOT_TIMEOUT_MS;
  for (;;) {
    const text = existsSync(serialLog(name)) ? readFileSync(serialLog(name), 'latin1') : '';
    const line = /^nested: .*(?=\r?\n)/m.exec(text)?.[0];
    if (line !== undefined) return line;
    if (Date.now() > deadline) throw new Error(`the guest said nothing of its DMA within ${BOOT_TIMEOUT_MS} ms: ${text}`);
    await sleep(POLL_MS);
  }
};

/** What libvirt keeps of a domain: the command line it started, and all that was printed since. */
export const domainLog = (name: string): string => readFileSync(`/var/log/libvirt/qemu/${name}.log`, 'utf8');

/** The words after the emulator in the last command line of a domain's log; there they are quoted for a shell. */
export const loggedArguments = (name: string, emulator: string): readonly string[] => {
  const log = domainLog(name);
  const begin = `\n${emulator} \\\n`;
  const lines = log.slice(log.lastIndexOf(begin) + begin.length).split('\n');
  const command = lines.slice(0, lines.findIndex((line) => !line.endsWith('\\')) + 1).join('\n');
  return nulSeparated(execFileSync('bash', ['-c', `printf '%s\\0' ${command}`], { encoding: 'utf8' }));
};

const nulSeparated = (text: string): readonly string[] => text.split('\0').slice(0, -1);

/** The words a process was started with, the program left out. */
export const argumentsOf = (pid: number): readonly string[] => nulSeparated(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).slice(1);
