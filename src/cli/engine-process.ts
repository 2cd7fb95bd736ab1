import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { Problem } from '../errors/problem.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { inheritFds } from '../kernel/linux/place-fd.ts';
import { formatOrder, parseRefusal, type EngineOrder } from '../launch/engine-order.ts';
import { LastLines } from './last-lines.ts';
import { tolerant } from './output.ts';

/** What reaches the engine through vmattach. A terminal sends its own to both; QEMU takes a second one like the first. */
const FORWARDED: readonly NodeJS.Signals[] = [
  ...(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGCONT'] as const),
  // These would end vmattach and leave the engine alone, with nothing taken back.
  ...(['SIGALRM', 'SIGVTALRM', 'SIGXCPU', 'SIGIO', 'SIGPWR', 'SIGSTKFLT', 'SIGSYS', 'SIGTRAP'] as const),
];

const GO_ON: ReadonlySet<NodeJS.Signals> = new Set(['SIGCONT', 'SIGUSR1', 'SIGUSR2']);

/** Helpers of the engine may hold its standard error for ever. */
const DRAIN_MS = 200;

export interface EngineOutcome {
  readonly end: { readonly status: number | undefined; readonly signal: NodeJS.Signals | undefined };
  /** The last lines of its standard error. */
  readonly lines: readonly string[];
  /** Why it was never started. */
  readonly refused: Problem | undefined;
  /** Whether a signal was forwarded that asks it to end. */
  readonly stopped: boolean;
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** The order as a file without a name: the process that becomes the engine reads it, and writes there why it could not. */
const writeOrder = (kernel: Kernel, order: EngineOrder): number => {
  const fd = kernel.createMemfd('vmattach-order');
  const bytes = text(formatOrder(order));
  for (let at = 0; at < bytes.length;) at += kernel.write(fd, bytes.subarray(at), BigInt(at));
  return fd;
};

/** The whole file. */
const readAll = (kernel: Kernel, fd: number): string => {
  const bytes = new Uint8Array(Number(kernel.status(fd).size));
  for (let at = 0; at < bytes.length;) {
    const length = kernel.read(fd, bytes.subarray(at), BigInt(at));
    if (length === 0) break;
    at += length;
  }
  return new TextDecoder().decode(bytes);
};

/** An engine that runs as a child of this process, which has become it in a process of its own. */
export class EngineProcess {
  readonly ended: Promise<EngineOutcome>;
  readonly #child: ChildProcess;
  readonly #lines = new LastLines();
  #stopped = false;

  private constructor(kernel: Kernel, child: ChildProcess, order: number) {
    this.#child = child;
    for (const signal of FORWARDED) process.on(signal, () => this.#forward(signal));
    child.stderr?.on('data', (chunk: Buffer) => {
      tolerant('stderr').write(chunk);
      this.#lines.add(chunk);
    });
    this.ended = this.#wait(kernel, order);
  }

  /**
   * Starts this program again, to become the engine. All numbers of the order stay what they are; the caller may close its own
   * copies when this returns.
   */
  static start(kernel: Kernel, order: EngineOrder): EngineProcess {
    const file = writeOrder(kernel, order);
    const fds = [...order.fds, file];
    inheritFds(fds, true);
    try {
      const child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', '#engine', String(file)], {
        stdio: ['inherit', 'inherit', 'pipe'],
      });
      return new EngineProcess(kernel, child, file);
    } finally {
      inheritFds(fds, false);
    }
  }

  #forward(signal: NodeJS.Signals): void {
    this.#stopped ||= !GO_ON.has(signal);
    this.#child.kill(signal);
  }

  async #wait(kernel: Kernel, order: number): Promise<EngineOutcome> {
    const closed = new Promise<void>((resolve) => {
      this.#child.once('close', () => resolve());
    });
    const end = await new Promise<EngineOutcome['end']>((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('exit', (status, signal) => resolve({ status: status ?? undefined, signal: signal ?? undefined }));
    });
    await Promise.race([closed, delay(DRAIN_MS, undefined, { ref: false })]);
    this.#child.stderr?.destroy();
    const refused = parseRefusal(readAll(kernel, order));
    kernel.close(order);
    return { end, lines: this.#lines.all(), refused, stopped: this.#stopped };
  }
}
