import { beforeEach, describe, expect, test } from 'vitest';
import { FdSets } from '../../src/kernel/fd-sets.ts';
import { scanArgv } from '../../src/options/scan-argv.ts';
import { addFds } from '../../src/request/add-fds.ts';

const INHERITED = new Set([5, 6, 9]);
const FIRST_FREE = 20;

describe('addFds', () => {
  let next: number;
  let closed: number[];
  let fdSets: FdSets;

  beforeEach(() => {
    next = FIRST_FREE;
    closed = [];
    fdSets = new FdSets(calls);
  });

  const calls = {
    close: (fd: number) => void closed.push(fd),
    duplicate: () => next++,
    accessMode: () => 2,
  };

  const add = (...values: readonly string[]): readonly number[] =>
    addFds(scanArgv(values.flatMap((value) => ['-add-fd', value])).options, {
      fdSets,
      calls,
      isInherited: (fd) => INHERITED.has(fd),
      avoided: new Set([FIRST_FREE, FIRST_FREE + 1]),
    });

  test('puts duplicates into sets and leaves the originals to the caller', () => {
    expect(add('fd=5,set=1,opaque=rdwr', 'fd=6,set=1', 'fd=5,set=0')).toEqual([5, 6]);
    const listed = fdSets.list().map(({ id, entries }) => [id, entries.map(({ opaque }) => opaque)]);
    expect(listed).toEqual([
      [1n, ['rdwr', undefined]],
      [0n, [undefined]],
    ]);
  });

  test('no duplicate gets a number that means something else', () => {
    add('fd=9,set=1');
    expect(fdSets.list()[0]?.entries.map(({ fd }) => fd.number)).toEqual([FIRST_FREE + 2]);
    expect(closed.toSorted()).toEqual([FIRST_FREE, FIRST_FREE + 1]);
  });

  test.each([
    ['set=1', 'fd option is required and must be non-negative'],
    ['fd=-1,set=1', 'fd option is required and must be non-negative'],
    ['fd=2', 'fd cannot be a standard I/O stream'],
    ['fd=8', 'fd is not valid or already in use'],
    ['fd=5', 'set option is required and must be non-negative'],
    ['fd=5,set=-1', 'set option is required and must be non-negative'],
    ['fd=x,set=1', "Parameter 'fd' expects a number"],
    ['fd=5,set=1,mode=rw', "Invalid parameter 'mode'"],
  ])('%s: %s', (value, message) => {
    expect(() => add(value)).toThrow(
      expect.objectContaining({ problem: expect.objectContaining({ message, location: `-add-fd ${value}` }) }),
    );
    expect(fdSets.list()).toEqual([]);
  });
});
