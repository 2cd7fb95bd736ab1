import { beforeEach, describe, expect, test } from 'vitest';
import { HeldFds } from '../../src/monitor/held-fds.ts';
import { NamedFds } from '../../src/monitor/named-fds.ts';
import { PendingFds } from '../../src/monitor/pending-fds.ts';
import { FakeFds } from './fake-fds.ts';

let fds: FakeFds;
beforeEach(() => {
  fds = new FakeFds();
});

const message = (count: number, truncated = false) => ({ fds: Array.from({ length: count }, () => fds.sent()), truncated });

describe('PendingFds', () => {
  test('gives the first and closes the others', () => {
    const pending = new PendingFds(fds);
    pending.receive(message(3));
    expect(pending.take().number).toBe(10);
    expect([...fds.open]).toEqual([10]);
    expect(() => pending.take()).toThrow('No file descriptor supplied via SCM_RIGHTS');
  });

  test('the last of a message that is sent again counts: libvirt sends the fd with each part', () => {
    const pending = new PendingFds(fds);
    pending.receive(message(1));
    pending.receive(message(0));
    pending.receive(message(1));
    expect(pending.take().number).toBe(11);
    expect([...fds.open]).toEqual([11]);
  });

  test('what was cut off is refused, and what arrived of it closed', () => {
    const pending = new PendingFds(fds);
    pending.receive(message(2, true));
    expect(() => pending.take()).toThrow('File descriptors sent via SCM_RIGHTS were truncated');
    expect(fds.open.size).toBe(0);
    expect(() => pending.take()).toThrow('No file descriptor supplied');
  });

  test('closes what nobody took', () => {
    const pending = new PendingFds(fds);
    pending.receive(message(2));
    pending.close();
    expect(fds.open.size).toBe(0);
  });
});

describe('NamedFds', () => {
  test('replaces one of the same name, and finds without taking', () => {
    const named = new NamedFds();
    named.add('a', fds.owned());
    named.add('a', fds.owned());
    expect([...fds.open]).toEqual([11]);
    expect(named.find('a')?.number).toBe(11);
    expect(named.holds(11)).toBe(true);
    expect(named.take('a')?.number).toBe(11);
    expect(named.take('a')).toBeUndefined();
    expect([...fds.open]).toEqual([11]);
  });

  test('refuses a name that is a number, and closes the fd', () => {
    const named = new NamedFds();
    expect(() => named.add('9a', fds.owned())).toThrow("Parameter 'fdname' expects a name not starting with a digit");
    named.add('', fds.owned());
    expect([...fds.open]).toEqual([11]);
  });

  test('closes one, and says what it does not know', () => {
    const named = new NamedFds();
    named.add('a', fds.owned());
    named.close('a');
    expect(() => named.close('a')).toThrow("File descriptor named 'a' not found");
    named.add('b', fds.owned());
    named.closeAll();
    expect(fds.open.size).toBe(0);
  });
});

describe('HeldFds', () => {
  test('belong to an object until it is gone', () => {
    const held = new HeldFds();
    held.keep('/objects/i', fds.owned());
    held.keep('/objects/j', fds.owned());
    expect(held.close('/objects/i')).toBe(true);
    expect(held.close('/objects/i')).toBe(false);
    expect([...fds.open]).toEqual([11]);
  });

  test('the one before is closed when the owner gets another', () => {
    const held = new HeldFds();
    held.keep('/objects/i', fds.owned());
    held.keep('/objects/i', fds.owned());
    expect([...fds.open]).toEqual([11]);
  });
});
