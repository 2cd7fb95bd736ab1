import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';

const CLIENT = path.join(import.meta.dirname, 'qmp-client.py');

interface Message {
  readonly QMP?: unknown;
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
  readonly event?: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

interface Waiter {
  readonly wants: (message: Message) => boolean;
  readonly resolve: (message: Message) => void;
}

/** A client of a program's monitor in a process of its own, which sends fds as management layers do. */
export class QmpClient {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiters: Waiter[] = [];
  #unread: Message[] = [];

  private constructor(socket: string) {
    this.#child = spawn('python3', [CLIENT, socket], { stdio: 'pipe' });
    this.#child.stderr.pipe(process.stderr);
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#hear(JSON.parse(line)));
  }

  static async connect(socket: string): Promise<QmpClient> {
    const client = new QmpClient(socket);
    await client.#next(({ QMP }) => QMP !== undefined);
    await client.run('qmp_capabilities');
    return client;
  }

  /** @param node a device node whose fd goes with the command. @throws Error with the class and words of a refusal */
  async run(execute: string, parameters: object = {}, node?: string): Promise<unknown> {
    const command = { execute, arguments: parameters, ...(node !== undefined && { open: node }) };
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
    const reply = await this.#next((message) => 'return' in message || 'error' in message);
    if (reply.error !== undefined) throw new Error(`${reply.error.class}: ${reply.error.desc}`);
    return reply.return;
  }

  /** The next event of that name, which may have come already. */
  async event(name: string): Promise<Message> {
    return this.#next(({ event }) => event === name);
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => {
      this.#child.once('close', resolve);
    });
    this.#child.stdin.end();
    await closed;
  }

  #hear(message: Message): void {
    const index = this.#waiters.findIndex(({ wants }) => wants(message));
    if (index < 0) this.#unread.push(message);
    else this.#waiters.splice(index, 1).forEach(({ resolve }) => resolve(message));
  }

  #next(wants: (message: Message) => boolean): Promise<Message> {
    const index = this.#unread.findIndex(wants);
    const found = this.#unread[index];
    if (found !== undefined) {
      this.#unread = this.#unread.filter((message) => message !== found);
      return Promise.resolve(found);
    }
    return new Promise((resolve) => {
      this.#waiters.push({ wants, resolve });
    });
  }
}
