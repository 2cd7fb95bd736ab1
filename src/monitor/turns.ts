/**
 * Commands of all clients run one after another, each client in its turn, as QEMU's one dispatcher runs them: no command ever sees another
 * one half done. The first has to wait until the machine is ready.
 */
export class Turns {
  #last: Promise<unknown>;
  #stopped = false;

  constructor(ready: Promise<void>) {
    this.#last = ready;
  }

  /**
   * Runs a task when those before it are done. `task` does not throw.
   * @returns false when it did not run, because `stop` came first
   */
  take(task: () => Promise<void>): Promise<boolean> {
    const turn = this.#last.then(async () => {
      if (this.#stopped) return false;
      await task();
      return true;
    });
    this.#last = turn;
    return turn;
  }

  /** The command that runs is the last. */
  stop(): void {
    this.#stopped = true;
  }
}
