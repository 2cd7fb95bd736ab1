import { describe, expect, test } from 'vitest';
import { errnoNumber } from '../../src/kernel/errno.ts';
import { OwnedFd } from '../../src/kernel/owned-fd.ts';
import { SystemCallError } from '../../src/kernel/system-call-error.ts';

describe('OwnedFd', () => {
  test('closes exactly once, by hand or at the end of its scope', () => {
    const closed: number[] = [];
    const kernel = { close: (fd: number) => void closed.push(fd) };
    {
      using fd = OwnedFd.own(kernel, 7);
      expect(fd.number).toBe(7);
      expect(fd.closed).toBe(false);
      fd.close();
      fd.close();
      expect(fd.closed).toBe(true);
    }
    expect(closed).toEqual([7]);
  });

  test('a borrowed fd is never closed', () => {
    const fd = OwnedFd.borrow(7);
    fd.close();
    expect(fd.closed).toBe(true);
  });

  test('cannot be used after it was closed', () => {
    const fd = OwnedFd.borrow(7);
    fd.close();
    expect(() => fd.number).toThrow('fd 7 is used after it was closed');
  });

  test('a close that fails is reported and not tried again', () => {
    let tries = 0;
    const fd = OwnedFd.own(
      {
        close: () => {
          tries += 1;
          throw new SystemCallError('close', errnoNumber('EIO'), 'fd 7');
        },
      },
      7,
    );
    expect(() => fd.close()).toThrow('Input/output error');
    fd.close();
    expect(tries).toBe(1);
  });
});
