import type { JsonRecord } from './json-text.ts';
import type { Monitor } from './monitor.ts';
import { NamedFds } from './named-fds.ts';
import { PendingFds } from './pending-fds.ts';
import { QmpSession } from './qmp-session.ts';
import type { ClientSystem } from './socket-client.ts';

/** The standard streams of the process. */
export interface StandardStreams {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

/** A monitor on standard input and output, which carry no fds. The end of the input ends the commands, not the machine. */
export class StdioMonitor implements Monitor {
  readonly #streams: StandardStreams;
  readonly #session: QmpSession;
  readonly #receive = (bytes: Uint8Array): void => {
    this.#session.receive({ bytes, fds: [], truncated: false });
    this.#adjust();
  };

  constructor({ state, fdCalls }: ClientSystem, streams: StandardStreams, pretty: boolean) {
    this.#streams = streams;
    const write = (text: string): void => {
      streams.output.write(text);
    };
    this.#session = new QmpSession(state, {
      send: write,
      gather: write,
      onRoom: () => this.#adjust(),
      pendingFds: new PendingFds(fdCalls),
      namedFds: new NamedFds(),
      pretty,
    });
    streams.input.on('data', this.#receive);
  }

  tell(event: JsonRecord): void {
    this.#session.tell(event);
  }

  close(): Promise<void> {
    this.#session.close();
    this.#streams.input.off('data', this.#receive);
    this.#streams.input.pause();
    return new Promise((resolve) => {
      this.#streams.output.write('', () => resolve());
    });
  }

  #adjust(): void {
    if (this.#session.acceptsInput) this.#streams.input.resume();
    else this.#streams.input.pause();
  }
}
