/** libuv's own default (uv_queue_work: UV_THREADPOOL_SIZE). */
const DEFAULT_THREADS = 4;

/** Each thread costs a stack; more devices than this share the threads. */
const MOST_THREADS = 128;

/**
 * Makes room for `calls` blocking calls at once. libuv reads the size when the pool is first used, so this has to come before the first
 * `ioctlAsync` and before anything that uses asynchronous `fs`; later it has no effect. A larger size set by the user is kept.
 * @param calls how many calls should be able to block at the same time, e.g. one bind per device
 * @returns the number of threads asked for
 */
export const raiseThreadPool = (calls: number, environment: NodeJS.ProcessEnv = process.env): number => {
  const current = Number.parseInt(environment['UV_THREADPOOL_SIZE'] ?? '', 10);
  const present = current > 0 ? current : DEFAULT_THREADS;
  const threads = Math.max(present, Math.min(calls, MOST_THREADS));
  if (threads > present) environment['UV_THREADPOOL_SIZE'] = String(threads);
  return threads;
};
