import { beforeEach, describe, expect, test } from 'vitest';
import { failure } from '../../src/errors/problem.ts';
import { OwnedFd } from '../../src/kernel/owned-fd.ts';
import { withPassedFd } from '../../src/monitor/fd-parameter.ts';
import { HeldFds } from '../../src/monitor/held-fds.ts';
import { NamedFds } from '../../src/monitor/named-fds.ts';
import { FakeFds } from './fake-fds.ts';

let fds: FakeFds;
let namedFds: NamedFds;
let held: HeldFds;
beforeEach(() => {
  fds = new FakeFds();
  namedFds = new NamedFds();
  held = new HeldFds();
});

const sources = () => ({
  namedFds,
  openFdReference: (reference: string) => Promise.resolve(reference.startsWith('@') ? OwnedFd.borrow(7) : fds.owned()),
});

/** @returns what `fd` was for the command */
const use = async (fd: string | bigint | undefined, command: () => Promise<string> = () => Promise.resolve('/objects/i')) => {
  let seen: unknown;
  await withPassedFd(new Map(fd === undefined ? [] : [['fd', fd]]), sources(), held, (members) => {
    seen = members.get('fd');
    return command();
  });
  return seen;
};

const fail = () => Promise.reject(failure('CONFLICT', 'not now'));

describe('withPassedFd', () => {
  test('a number is one of ours', async () => {
    expect(await use('22')).toBe('22');
    expect(held.close('/objects/i')).toBe(false);
  });

  test('what is no text is for the command to refuse', async () => {
    expect(await use(22n)).toBe(22n);
    expect(await use(undefined)).toBeUndefined();
  });

  test('a name is used up by success alone', async () => {
    namedFds.add('cdev', fds.owned());
    await expect(use('cdev', fail)).rejects.toThrow('not now');
    expect(await use('cdev')).toBe('10');
    await expect(use('cdev')).rejects.toThrow(
      "Could not parse remote object fd cdev:File descriptor named 'cdev' has not been found",
    );
    expect([...fds.open]).toEqual([10]);
    held.close('/objects/i');
    expect(fds.open.size).toBe(0);
  });

  test.each(['unix:/run/broker', '/dev/fdset/1'])('%s is closed by a failure and kept by success', async (reference) => {
    await expect(use(reference, fail)).rejects.toThrow('not now');
    expect(fds.open.size).toBe(0);
    expect(await use(reference)).toBe('11');
    expect(held.close('/objects/i')).toBe(true);
    expect(fds.open.size).toBe(0);
  });

  test('a name of socket activation stays the one of the process', async () => {
    expect(await use('@iommufd')).toBe('7');
    expect(held.close('/objects/i')).toBe(false);
  });

  test('what getfd named beats what only looks like a reference', async () => {
    namedFds.add('@iommufd', fds.owned());
    expect(await use('@iommufd')).toBe('10');
  });
});
