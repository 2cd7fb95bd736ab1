import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';

export const ROOT = path.resolve(import.meta.dirname, '../..');
export const PROGRAM = path.join(ROOT, 'bin', 'vmattach');
export const WORKSTATION = 'examples/hosts/workstation.json';

/** Names no file. */
const NO_QEMU = '/nonexistent/qemu';

/** What a finished program left behind. */
export interface Outcome {
  /** Null when a signal ended it, a timeout included. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Standard input; without it, standard input is empty. */
  readonly input?: string;
  /** What the program gets as fd 3 and up: numbers of open files here, or a fresh socket (which Node calls a pipe). */
  readonly fds?: readonly (number | 'pipe')[];
  readonly env?: Readonly<Record<string, string>>;
  /** ms until the program is killed. */
  readonly timeout?: number;
}

/** A program that runs. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Outcome>;
  /** Resolves when the text was seen on either stream; rejects when the program ends without it. */
  readonly saw: (text: string) => Promise<void>;
}

// Node itself warns about a certificate file that cannot be read, on the program's standard error.
const environment = (added: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv => {
  const { NODE_EXTRA_CA_CERTS: _, ...inherited } = process.env;
  // No QEMU of the machine takes part: a test that wants an engine brings one.
  return { ...inherited, VMATTACH_QEMU: NO_QEMU, ...added };
};

/** Starts any command in the project's root. */
export const startCommand = (command: string, args: readonly string[], options: RunOptions = {}): Running => {
  const { input = '', fds = [], env, timeout = 15_000 } = options;
  const child = spawn(command, args, {
    cwd: ROOT,
    env: environment(env),
    timeout,
    killSignal: 'SIGKILL',
    stdio: ['pipe', 'pipe', 'pipe', ...fds],
  });
  const output = { stdout: '', stderr: '' };
  const watchers = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
      for (const watcher of watchers) watcher();
    });
  }
  child.stdin?.on('error', () => undefined).end(input);
  const ended = new Promise<Outcome>((resolve, reject) => {
    child.on('error', reject).on('close', (status, signal) => resolve({ status, signal, ...output }));
  });
  const saw = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (output.stdout.includes(text) || output.stderr.includes(text)) resolve();
      };
      watchers.add(look);
      look();
      void ended.then(({ stdout, stderr }) => reject(new Error(`ended without '${text}': ${stdout}${stderr}`)), reject);
    });
  return { child, ended, saw };
};

export const start = (args: readonly string[], options?: RunOptions): Running =>
  startCommand(process.execPath, [PROGRAM, ...args], options);

/** Runs the built program to its end. */
export const run = (args: readonly string[], options?: RunOptions): Promise<Outcome> => start(args, options).ended;

/** Runs a line of the shell in which `$VMATTACH` is the program. */
export const runShell = (script: string, options: RunOptions = {}): Promise<Outcome> =>
  startCommand('bash', ['-c', script], { ...options, env: { ...options.env, VMATTACH: PROGRAM } }).ended;

const PREFIX = /^[^\s:]+: /;

/** The first line of an error, without the program's name; warnings and lines below an error do not count. */
export const firstError = (stderr: string, program = 'vmattach'): string | undefined =>
  stderr
    .split('\n')
    .filter((line) => line.startsWith(`${program}: `))
    .map((line) => line.replace(PREFIX, ''))
    .find((line) => !/(^|: )warning: /.test(line));
