import { expect, test } from 'vitest';
import { raiseThreadPool } from '../../src/kernel/linux/thread-pool.ts';

test.each([
  { calls: 2, before: undefined, threads: 4, after: undefined },
  { calls: 4, before: undefined, threads: 4, after: undefined },
  { calls: 16, before: undefined, threads: 16, after: '16' },
  { calls: 1000, before: undefined, threads: 128, after: '128' },
  { calls: 16, before: '8', threads: 16, after: '16' },
  { calls: 16, before: '64', threads: 64, after: '64' },
  { calls: 1000, before: '512', threads: 512, after: '512' },
  { calls: 16, before: 'many', threads: 16, after: '16' },
  { calls: 16, before: '-1', threads: 16, after: '16' },
])('raiseThreadPool: $calls calls with UV_THREADPOOL_SIZE=$before make $threads threads', ({ calls, before, threads, after }) => {
  const environment = before === undefined ? {} : { UV_THREADPOOL_SIZE: before };
  expect(raiseThreadPool(calls, environment)).toBe(threads);
  expect(environment).toEqual(after === undefined ? {} : { UV_THREADPOOL_SIZE: after });
});
