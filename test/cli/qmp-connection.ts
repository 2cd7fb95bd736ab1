import net from 'node:net';

export interface QmpMessage {
  readonly QMP?: unknown;
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
  readonly id?: unknown;
  readonly event?: string;
  readonly data?: unknown;
}

/** A client of a monitor, without fds. */
export class QmpConnection {
  readonly socket: net.Socket;
  readonly #unread: QmpMessage[] = [];
  readonly #waiting: ((message: QmpMessage) => void)[] = [];
  #text = '';

  private constructor(socket: net.Socket) {
    this.socket = socket;
    socket.setEncoding('utf8').on('data', (text: string) => this.#hear(text));
    socket.on('error', () => undefined);
  }

  /** Not yet greeted. */
  static connect(path: string): Promise<QmpConnection> {
    return new Promise((resolve, reject) => {
      const socket = net.connect(path, () => resolve(new QmpConnection(socket)));
      socket.once('error', reject);
    });
  }

  /** Greeted and negotiated. */
  static async open(path: string): Promise<QmpConnection> {
    const connection = await QmpConnection.connect(path);
    await connection.next();
    await connection.run('qmp_capabilities');
    return connection;
  }

  /** The next message, whatever it is. */
  next(): Promise<QmpMessage> {
    const [first] = this.#unread.splice(0, 1);
    return first === undefined ? new Promise((resolve) => void this.#waiting.push(resolve)) : Promise.resolve(first);
  }

  /** The next reply; events that come before it are dropped. */
  async reply(): Promise<QmpMessage> {
    for (;;) {
      const message = await this.next();
      if ('return' in message || 'error' in message) return message;
    }
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  run(execute: string, parameters: object = {}): Promise<QmpMessage> {
    this.send(`${JSON.stringify({ execute, arguments: parameters })}\r\n`);
    return this.reply();
  }

  close(): void {
    this.socket.destroy();
  }

  /** Lines end with CR LF, without exception. */
  #hear(text: string): void {
    this.#text += text;
    const lines = this.#text.split('\r\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) {
      const message: QmpMessage = JSON.parse(line);
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#unread.push(message);
      else waiting(message);
    }
  }
}
