import { beforeEach, describe, expect, it } from 'vitest';
import type { FdCalls } from '../../src/kernel/fd-calls.ts';
import { FdSets } from '../../src/kernel/fd-sets.ts';
import { moveFd } from '../../src/kernel/move-fd.ts';
import { OwnedFd } from '../../src/kernel/owned-fd.ts';

const O_RDONLY = 0;
const O_WRONLY = 1;
const O_RDWR = 2;

/** A table of fds by number, with their access modes. */
class Table implements FdCalls {
  readonly open = new Map<number, number>();

  add(mode: number, number = this.#free()): OwnedFd {
    this.open.set(number, mode);
    return OwnedFd.own(this, number);
  }

  close(fd: number): void {
    expect(this.open.delete(fd)).toBe(true);
  }

  duplicate(fd: number): number {
    return this.add(this.accessMode(fd)).number;
  }

  accessMode(fd: number): number {
    const mode = this.open.get(fd);
    if (mode === undefined) throw new Error(`fd ${fd} is closed`);
    return mode;
  }

  #free(): number {
    let number = 3;
    while (this.open.has(number)) number += 1;
    return number;
  }
}

let table: Table;
let sets: FdSets;
beforeEach(() => {
  table = new Table();
  sets = new FdSets(table);
});

const listed = () => sets.list().map(({ id, entries }) => [id, entries.map(({ fd }) => fd.number)]);

describe('FdSets', () => {
  it('gives the smallest free id', () => {
    expect([sets.add(table.add(O_RDWR)), sets.add(table.add(O_RDWR), 5n), sets.add(table.add(O_RDWR))]).toEqual([0n, 5n, 1n]);
  });

  it('lists the highest id first, the fds as they were added', () => {
    sets.add(table.add(O_RDWR), 1n);
    sets.add(table.add(O_RDWR), 7n);
    sets.add(table.add(O_RDWR), 1n);
    expect(listed()).toEqual([
      [7n, [4]],
      [1n, [3, 5]],
    ]);
  });

  it('closes the fd for which there can be no set', () => {
    expect(() => sets.add(table.add(O_RDWR), -1n)).toThrow("Parameter 'fdset-id' expects a non-negative value");
    expect(table.open.size).toBe(0);
  });

  it('opens the fd with the wanted access mode that was added last', () => {
    sets.add(table.add(O_RDWR), 1n);
    sets.add(table.add(O_RDWR), 1n);
    sets.add(table.add(O_WRONLY), 1n);
    const opened = sets.open('/dev/fdset/1', O_RDWR);
    expect(opened.number).toBe(6);
    expect(table.accessMode(opened.number)).toBe(O_RDWR);
  });

  it.each([
    ['/dev/fdset/x', 'Could not parse fdset /dev/fdset/x'],
    ['/dev/fdset/', 'Could not parse fdset /dev/fdset/'],
    ['/dev/fdset/55', 'Failed to find fdset /dev/fdset/55'],
    ['/dev/fdset/1', 'Failed to find file descriptor with matching flags=0x2'],
  ])('%s: %s', (path, message) => {
    sets.add(table.add(O_RDONLY), 1n);
    expect(() => sets.open(path, O_RDWR)).toThrow(message);
    expect(table.open.size).toBe(1);
  });

  it('keeps a set whose fds are removed until what was opened through it is closed', () => {
    sets.add(table.add(O_RDWR), 1n);
    const opened = sets.open('/dev/fdset/1', O_RDWR);
    sets.remove(1n);
    expect(listed()).toEqual([[1n, []]]);
    opened.close();
    expect(listed()).toEqual([]);
    expect(table.open.size).toBe(0);
  });

  it('removes one fd, and says what it does not find', () => {
    sets.add(table.add(O_RDWR), 3n);
    sets.add(table.add(O_RDWR), 3n);
    sets.remove(3n, 3n);
    expect(listed()).toEqual([[3n, [4]]]);
    expect(() => sets.remove(3n, 9n)).toThrow("File descriptor named 'fdset-id:3, fd:9' not found");
    expect(() => sets.remove(4n)).toThrow("File descriptor named 'fdset-id:4' not found");
  });

  it('closes all that was added', () => {
    sets.add(table.add(O_RDWR));
    sets.add(table.add(O_RDWR));
    sets.closeAll();
    expect(table.open.size).toBe(0);
  });
});

describe('moveFd', () => {
  it('leaves a number alone that means nothing else', () => {
    const fd = table.add(O_RDWR);
    expect(moveFd(fd, new Set([4]), table)).toBe(fd);
  });

  it('goes on until it finds one, and keeps nothing in between', () => {
    const moved = moveFd(table.add(O_RDWR), new Set([3, 4, 5]), table);
    expect(moved.number).toBe(6);
    expect([...table.open.keys()]).toEqual([6]);
  });

  it("leaves someone else's fd alone", () => {
    expect(moveFd(OwnedFd.borrow(3), new Set([3]), table).number).toBe(3);
  });
});
