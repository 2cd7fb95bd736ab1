import type net from 'node:net';
import { failure, type VmattachError } from '../errors/problem.ts';
import { sendWithFd } from '../kernel/linux/send-message.ts';
import { socketFd } from '../kernel/linux/socket-handle.ts';
import { connectUnix } from '../kernel/connect-unix.ts';
import { socketFailure } from '../kernel/socket-failure.ts';
import type { JsonObject, JsonValue } from '../options/json-value.ts';
import { JsonStream } from './json-stream.ts';
import { jsonLine } from './json-text.ts';

/** A reply: it has `return` or `error`. */
export type QmpReply = JsonObject;

interface Waiter {
  readonly wants: (message: JsonObject) => boolean;
  readonly resolve: (message: JsonObject) => void;
  readonly reject: (error: unknown) => void;
}

interface Lateness {
  readonly message: string;
  readonly cause: string;
  readonly fixes?: readonly string[];
}

/** A monitor greets at once; after so many ms it has another client. */
const BUSY = 1000;

/** How a client waits. */
export interface QmpPatience {
  /** Told when the monitor lets us wait, which it does while it has another client. */
  readonly onBusy: () => void;
  /** Seconds for all that is asked on a connection; without it, as long as it takes. */
  readonly seconds: number | undefined;
}

const isGreeting = (message: JsonObject): boolean => message.has('QMP');
const isReply = (message: JsonObject): boolean => message.has('return') || message.has('error');

/** A client of any QMP monitor on a unix socket, one command at a time. */
export class QmpClient {
  readonly #path: string;
  readonly #socket: net.Socket;
  readonly #stream = new JsonStream();
  readonly #unread: JsonObject[] = [];
  #waiter: Waiter | undefined;
  /** What to say when time is up. */
  #late: Lateness;
  #broken: VmattachError | undefined;

  private constructor(path: string, socket: net.Socket) {
    this.#path = path;
    this.#socket = socket;
    this.#late = {
      message: `no greeting came from '${path}'`,
      cause: 'its monitor serves another client, or the machine is stopped',
      fixes: ['end the other client'],
    };
    socket.on('data', (bytes: Buffer) => this.#hear(bytes));
    socket.once('error', (error) => this.#break(socketFailure(`Lost the connection to '${path}'`, error)));
    socket.once('close', () =>
      this.#break(failure('FILE', `'${path}' closed the connection`, { fixes: ['the machine has ended'] })),
    );
  }

  /**
   * Connects and negotiates.
   * @throws FILE
   */
  static async connect(path: string, { onBusy, seconds }: QmpPatience): Promise<QmpClient> {
    const socket = await new Promise<net.Socket>((resolve, reject) => {
      const connecting = connectUnix(path).once('connect', () => resolve(connecting));
      connecting.once('error', (error) =>
        reject(
          socketFailure(`Failed to connect to '${path}'`, error, {
            fixes: ['start the machine with -qmp unix:PATH,server=on,wait=off', 'check that you may write to the socket'],
          }),
        ),
      );
    });
    const client = new QmpClient(path, socket);
    if (seconds !== undefined) client.#giveUpAfter(seconds);
    await client.#greet(onBusy);
    await client.run('qmp_capabilities', new Map());
    return client;
  }

  async #greet(onBusy: () => void): Promise<void> {
    const timer = setTimeout(onBusy, BUSY);
    try {
      await this.#next(isGreeting);
    } finally {
      clearTimeout(timer);
    }
  }

  /** @param fd goes with the command. @throws FILE when the connection is lost, SystemCallError */
  async run(command: string, parameters: JsonObject, fd?: number): Promise<QmpReply> {
    const request = jsonLine({ execute: command, ...(parameters.size > 0 && { arguments: parameters }) });
    this.#late = { message: `no reply to ${command} came from '${this.#path}'`, cause: 'the machine is stopped, or still at work' };
    this.#send(Buffer.from(request, 'latin1'), fd);
    return this.#next(isReply);
  }

  /** The next event of that name; it may have come already. @throws FILE when the connection is lost */
  event(name: string): Promise<JsonObject> {
    this.#late = {
      message: `no event ${name} came from '${this.#path}'`,
      cause: 'the command was answered, and no such event followed',
    };
    return this.#next((message) => message.get('event') === name);
  }

  close(): void {
    this.#socket.destroy();
  }

  #giveUpAfter(seconds: number): void {
    const giveUp = (): void => {
      const { message, cause, fixes = [] } = this.#late;
      this.#break(
        failure('FILE', `${message} within ${seconds} s`, { cause, fixes: [...fixes, 'give it more time: --timeout SECONDS'] }),
      );
    };
    setTimeout(giveUp, seconds * 1000).unref();
  }

  #send(bytes: Uint8Array, fd: number | undefined): void {
    if (fd === undefined) {
      this.#socket.write(bytes);
      return;
    }
    const number = socketFd(this.#socket);
    if (number === undefined) throw this.#broken ?? failure('INTERNAL', `the socket of '${this.#path}' has no fd`);
    const sent = sendWithFd(number, bytes, fd);
    if (sent < bytes.length) this.#socket.write(bytes.subarray(sent));
  }

  #hear(bytes: Uint8Array): void {
    this.#stream.write(bytes);
    for (let input = this.#stream.next(); input !== undefined; input = this.#stream.next()) {
      if ('error' in input) {
        const cause = 'what it sends is no JSON: something else listens there';
        this.#break(
          failure('SYNTAX', `'${this.#path}' does not talk QMP: ${input.error.message}`, {
            cause,
            fixes: ['name the socket of -qmp'],
          }),
        );
        return;
      }
      this.#take(input.value);
    }
  }

  #take(message: JsonValue): void {
    if (!(message instanceof Map)) return;
    const waiter = this.#waiter;
    if (waiter?.wants(message) !== true) {
      this.#unread.push(message);
      return;
    }
    this.#waiter = undefined;
    waiter.resolve(message);
  }

  #next(wants: Waiter['wants']): Promise<JsonObject> {
    const index = this.#unread.findIndex(wants);
    const [found] = index < 0 ? [] : this.#unread.splice(index, 1);
    if (found !== undefined) return Promise.resolve(found);
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    return new Promise((resolve, reject) => {
      this.#waiter = { wants, resolve, reject };
    });
  }

  #break(error: VmattachError): void {
    this.#broken ??= error;
    this.#waiter?.reject(this.#broken);
    this.#waiter = undefined;
    this.#socket.destroy();
  }
}
