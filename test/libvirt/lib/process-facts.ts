import { readFileSync } from 'node:fs';
import { openFiles } from '../../kernel/lib/process-files.ts';

/** What a process has from whoever started it, and what it opened; the same for two processes that were started alike. */
export interface ProcessFacts {
  readonly identity: readonly string[];
  readonly limits: string;
  readonly environment: readonly string[];
  readonly files: readonly string[];
}

const IDENTITY = /^(?:Uid|Gid|Groups|Umask|NoNewPrivs|Seccomp|SigBlk|SigIgn|SigCgt|Cap\w+):.*$/gm;

/** vmattach begins in a shell, which sets it for what it starts. */
const OF_A_SHELL = /^PWD=/;

/** Names and numbers that are each domain's own. */
const neutral = (text: string, name: string): string => text.replaceAll(name, 'NAME').replace(/domain-\d+-/, 'domain-N-');

const withoutNumber = (file: string): string => file.replace(/:\[\d+\]$/, '');

/** @param name the domain's name */
export const processFacts = (pid: number, name: string): ProcessFacts => ({
  identity: readFileSync(`/proc/${pid}/status`, 'utf8').match(IDENTITY) ?? [],
  limits: readFileSync(`/proc/${pid}/limits`, 'utf8'),
  environment: readFileSync(`/proc/${pid}/environ`, 'utf8')
    .split('\0')
    .filter((line) => !OF_A_SHELL.test(line))
    .map((line) => neutral(line, name))
    .toSorted(),
  files: openFiles(pid)
    .map((file) => neutral(withoutNumber(file), name))
    .toSorted(),
});

/** Whether a process holds a lock on a whole file, as libvirt looks for it in a pid file. */
export const holdsLock = (pid: number): boolean =>
  new RegExp(`POSIX +ADVISORY +WRITE +${pid} `).test(readFileSync('/proc/locks', 'utf8'));
