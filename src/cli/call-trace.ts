import { writeFileSync } from 'node:fs';
import { failure } from '../errors/problem.ts';
import type { CallEvent } from '../kernel/trace.ts';

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

/** Collects kernel calls and writes them as Chrome trace events, which Perfetto and chrome://tracing show. Times in microseconds. */
export class CallTrace {
  readonly #events: CallEvent[] = [];
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  readonly add = (event: CallEvent): void => {
    this.#events.push(event);
  };

  /** @throws FILE */
  write(): void {
    try {
      writeFileSync(this.#file, `${JSON.stringify({ traceEvents: this.#events.map(toEvent) }, plain)}\n`);
    } catch (error) {
      throw failure('FILE', `cannot write trace file '${this.#file}': ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
