import { failure } from '../errors/problem.ts';
import type { Kernel } from '../kernel/kernel.ts';

/** Names a value that one step makes and later steps use: an fd, an object id, an address. */
export interface Slot<T> {
  readonly key: string;
  /** Only for the type checker. */
  readonly type?: T;
}

export const slot = <T>(key: string): Slot<T> => ({ key });

/**
 * What the steps of one run share. Plans stay pure data because everything that is made while running lives here.
 */
export class Session {
  readonly kernel: Kernel;
  readonly #values = new Map<string, unknown>();
  #stopping = false;
  /** What is under way attaches one device: nothing runs beside its steps. */
  attachesOne = false;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  /** What was done will be undone: a long step ends early. */
  get stopping(): boolean {
    return this.#stopping;
  }

  stop(): void {
    this.#stopping = true;
  }

  put<T>(name: Slot<T>, value: T): void {
    this.#values.set(name.key, value);
  }

  /** @throws INTERNAL when no step has made it: the plan lacks an `after` */
  get<T>(name: Slot<T>): T {
    if (!this.#values.has(name.key)) {
      throw failure('INTERNAL', `${name.key} is used before it exists`);
    }
    return this.#values.get(name.key) as T;
  }

  find<T>(name: Slot<T>): T | undefined {
    return this.#values.get(name.key) as T | undefined;
  }

  drop(name: Slot<unknown>): void {
    this.#values.delete(name.key);
  }
}
