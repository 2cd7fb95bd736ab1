import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import path from 'node:path';

const PROGRAM = path.resolve(import.meta.dirname, '../../../bin/vmattach');

export interface Running {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Resolves when the text has been printed. @throws when the program ends before */
  readonly printed: (text: string) => Promise<void>;
  readonly ended: Promise<Ended>;
}

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  /** fds of this process by the number the program gets; the numbers from 3 on must be without gaps. */
  readonly fds?: readonly number[];
  /** Words before the program, e.g. `setpriv` with its options. */
  readonly wrapper?: readonly string[];
}

/** Starts the built program with exactly these words. */
export const startVmattach = (args: readonly string[], { fds = [], wrapper = [] }: ProgramOptions = {}): Running => {
  const [command = '', ...words] = [...wrapper, process.execPath, PROGRAM, ...args];
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', ...fds];
  const child = spawn(command, words, { stdio });
  let stdout = '';
  let stderr = '';
  const watchers = new Set<() => void>();
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    for (const watch of watchers) watch();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => resolve({ status, signal, stdout, stderr }));
  });
  const printed = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const watch = (): void => {
        if (!stdout.includes(text)) return;
        watchers.delete(watch);
        resolve();
      };
      watchers.add(watch);
      watch();
      void ended.then((result) => reject(new Error(`it ended before printing "${text}": ${result.stderr}`)));
    });
  return { child, pid: child.pid ?? 0, printed, ended };
};

/** Starts the built program on the built-in machine. */
export const startProgram = (args: readonly string[], options?: ProgramOptions): Running =>
  startVmattach(['-machine', 'bare', ...args], options);

export const runProgram = (args: readonly string[], options?: ProgramOptions): Promise<Ended> => startProgram(args, options).ended;
