import net from 'node:net';
import { performance } from 'node:perf_hooks';

/** The socket may not be there yet, or a moment before somebody listens. */
const connected = async (path) => {
  for (;;) {
    const socket = await new Promise((resolve) => {
      const trying = net.connect(path, () => resolve(trying));
      trying.once('error', () => resolve(undefined));
    });
    if (socket !== undefined) return socket;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

/** A client of a QMP monitor that does no more than needed, so that it adds little to what it measures. */
export class QmpClient {
  #socket;
  #text = '';
  #waiting = [];

  /** Waits for the monitor to be there. @param {string} path @returns {Promise<QmpClient>} negotiated */
  static async connect(path) {
    const client = new QmpClient();
    client.#socket = await connected(path);
    client.#socket.setEncoding('latin1').on('data', (text) => client.#hear(text));
    await client.#next((message) => 'QMP' in message);
    await client.run('qmp_capabilities');
    return client;
  }

  /** @returns {Promise<number>} ms from sending to the reply. @throws when that is an error */
  async run(execute, parameters = {}) {
    const began = performance.now();
    this.#socket.write(`${JSON.stringify({ execute, arguments: parameters })}\n`);
    const reply = await this.#next((message) => 'return' in message || 'error' in message);
    const ms = performance.now() - began;
    if (reply.error !== undefined) throw new Error(`${execute}: ${reply.error.desc}`);
    return ms;
  }

  /** Waits for an event that comes after this call. */
  event(name, isMeant = () => true) {
    return this.#next((message) => message.event === name && isMeant(message.data));
  }

  close() {
    this.#socket.destroy();
  }

  #next(wants) {
    return new Promise((resolve) => {
      this.#waiting.push({ wants, resolve });
    });
  }

  #hear(text) {
    this.#text += text;
    const lines = this.#text.split('\n');
    this.#text = lines.pop();
    for (const line of lines) {
      const message = JSON.parse(line);
      const index = this.#waiting.findIndex(({ wants }) => wants(message));
      if (index >= 0) this.#waiting.splice(index, 1)[0].resolve(message);
    }
  }
}
