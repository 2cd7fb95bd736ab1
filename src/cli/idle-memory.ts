import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { libc } from '../kernel/linux/libc.ts';

/** How long nothing may happen before memory is collected, in ms: no client waits then. */
const QUIET = 1000;

/** V8 has no other door to it: the flag gives new contexts a global function. */
const collector = (): (() => void) => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  return collect;
};

/** A machine is held for months, and what plugging a device needed for milliseconds would stay resident. V8 lets its heap grow until it is full. */
export class IdleMemory {
  #collect: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor() {
    // The space for young objects stays as large as it is at the start, instead of growing to 16 MiB twice.
    setFlagsFromString('--semi-space-growth-factor=1');
  }

  /** Something has changed: collects when it has become quiet. */
  changed(): void {
    this.#timer ??= setTimeout(() => this.#quiet(), QUIET).unref();
    this.#timer.refresh();
  }

  #quiet(): void {
    this.#collect ??= collector();
    // The second pass ends what the first one leaves to other threads.
    this.#collect();
    this.#collect();
    // V8's compilers leave much behind on their threads.
    libc().trimMemory();
  }
}
