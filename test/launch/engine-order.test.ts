import { expect, test } from 'vitest';
import { formatOrder, formatRefusal, parseOrder, parseRefusal } from '../../src/launch/engine-order.ts';

const ORDER = {
  path: '/usr/bin/qemu',
  argv: ['-name', 'ü "x"', ''],
  fds: [9, 64],
  memlock: { soft: 2n ** 63n, hard: undefined },
  credentials: { uid: 1, gid: 2, groups: [3], allowHelpers: false },
  userName: 'vm',
};

test('an order arrives as it was given', () => {
  expect(parseOrder(formatOrder(ORDER))).toEqual(ORDER);
  expect(parseOrder(formatOrder({ ...ORDER, memlock: undefined, credentials: undefined }))).toEqual({
    path: ORDER.path,
    argv: ORDER.argv,
    fds: ORDER.fds,
    userName: 'vm',
  });
});

test('an order that was not carried out says why; others say nothing', () => {
  const problem = { code: 'NO_ENGINE', severity: 'error', message: 'no' } as const;
  expect(parseRefusal(formatRefusal(problem))).toEqual(problem);
  expect(parseRefusal(formatOrder(ORDER))).toBeUndefined();
});
