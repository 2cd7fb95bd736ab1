const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

type StopSignal = keyof typeof SIGNALS;

/** The request to end, as it came. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
  readonly signal: StopSignal;

  constructor(signal: StopSignal) {
    super(`terminating on signal ${SIGNALS[signal]} (${signal})`);
    this.signal = signal;
  }
}

/**
 * Turns SIGINT, SIGTERM and SIGHUP into an abort, once and for the whole run: a second signal must not cut the undo short.
 */
export const catchStopSignals = (): AbortSignal => {
  const controller = new AbortController();
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => controller.abort(new Stopped(signal)));
  }
  return controller.signal;
};

/** Waits until the process is asked to end. The timer keeps it alive: a signal handler alone does not. */
export const untilStopped = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const keepAlive = setInterval(() => undefined, 2 ** 30);
    const stop = (): void => {
      clearInterval(keepAlive);
      resolve();
    };
    if (signal.aborted) {
      stop();
    } else {
      signal.addEventListener('abort', stop, { once: true });
    }
  });
