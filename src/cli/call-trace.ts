import { closeSync, openSync, writeFileSync } from 'node:fs';
import type { CallEvent } from '../kernel/trace.ts';
import { fileFailure } from './file-failure.ts';

const plain = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? `0x${value.toString(16)}` : value);

const toEvent = ({ call, fd, argument, result, error, returned, started, microseconds }: CallEvent) => ({
  name: call,
  ph: 'X',
  ts: started,
  dur: microseconds,
  pid: process.pid,
  tid: 1,
  args: { fd, argument, ...(error === undefined ? { result, returned } : { error }) },
});

/**
 * Collects kernel calls and writes them as Chrome trace events, which Perfetto and chrome://tracing show. Times in microseconds.
 * The file is opened at once, so that a wrong name stops the launch before anything is attached.
 */
export class CallTrace {
  readonly #events: CallEvent[] = [];
  readonly #file: string;
  readonly #fd: number;

  /** @throws FILE */
  constructor(file: string) {
    this.#file = file;
    try {
      this.#fd = openSync(file, 'w');
    } catch (error) {
      throw fileFailure('trace', file, error);
    }
  }

  readonly add = (event: CallEvent): void => {
    this.#events.push(event);
  };

  /** Writes what was collected and closes the file. @throws FILE */
  write(): void {
    try {
      writeFileSync(this.#fd, `${JSON.stringify({ traceEvents: this.#events.map(toEvent) }, plain)}\n`);
    } catch (error) {
      throw fileFailure('trace', this.#file, error);
    } finally {
      closeSync(this.#fd);
    }
  }
}
