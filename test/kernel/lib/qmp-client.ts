import net, { type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { closeSocket, sendNode, sendText } from '../../kernel-api/peer-socket.ts';

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

/** A client of a program's monitor that sends fds as management layers do. */
export class QmpClient {
  readonly #socket: Socket;
  readonly #waiters: Waiter[] = [];
  #unread: Message[] = [];

  private constructor(socket: string) {
    this.#socket = net.connect(socket);
    createInterface({ input: this.#socket }).on('line', (line) => this.#hear(JSON.parse(line)));
  }

  static async connect(socket: string): Promise<QmpClient> {
    const client = new QmpClient(socket);
    await client.#next(({ QMP }) => QMP !== undefined);
    await client.run('qmp_capabilities');
    return client;
  }

  /** @param node a device node whose fd goes with the command. @throws Error with the class and words of a refusal */
  async run(execute: string, parameters: object = {}, node?: string): Promise<unknown> {
    const command = JSON.stringify({ execute, arguments: parameters });
    if (node === undefined) await sendText(this.#socket, command);
    else sendNode(this.#socket, command, node);
    const reply = await this.#next((message) => 'return' in message || 'error' in message);
    if (reply.error !== undefined) throw new Error(`${reply.error.class}: ${reply.error.desc}`);
    return reply.return;
  }

  /** The next event of that name, which may have come already. */
  async event(name: string): Promise<Message> {
    return this.#next(({ event }) => event === name);
  }

  async close(): Promise<void> {
    await closeSocket(this.#socket);
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
