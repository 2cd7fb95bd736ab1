/**
 * Commands of all clients run one after another, each client in its turn, as QEMU's one dispatcher runs them: no command ever sees another
 * one half done. The first has to wait until the machine is ready.
 */
export class Turns {
  #last: Promise<unknown>;
  /** Those that wait or run. Until the machine is ready, that is one of them. */
  #open = 1;
  #stopped = false;

  constructor(ready: Promise<void>) {
    this.#last = this.#begin(ready);
  }

  async #begin(ready: Promise<void>): Promise<void> {
    await ready;
    this.#open -= 1;
  }

  /**
   * Runs a task when those before it are done, at once when there are none. `task` does not throw.
   * @returns false when it did not run, because `stop` came first
   */
  take(task: () => Promise<void>): Promise<boolean> {
    this.#open += 1;
    const turn = this.#open === 1 ? this.#run(task) : this.#last.then(() => this.#run(task));
    this.#last = turn;
    return turn;
  }

  async #run(task: () => Promise<void>): Promise<boolean> {
    const runs = !this.#stopped;
    if (runs) await task();
    this.#open -= 1;
    return runs;
  }

  /** The command that runs is the last. */
  stop(): void {
    this.#stopped = true;
  }
}
