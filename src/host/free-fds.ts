import { readdirSync } from 'node:fs';

/** Above what Node's runtime opens for itself, and below any limit of open files. */
const FIRST = 64;

/**
 * Numbers that no open file of this process has, the lowest from 64 on: the same command line started the same way gets the same ones.
 * @param avoided numbers that mean something else
 */
export const freeFdNumbers = (count: number, avoided: ReadonlySet<number>): readonly number[] => {
  const taken = new Set([...readdirSync('/proc/self/fd').map(Number), ...avoided]);
  const free: number[] = [];
  for (let number = FIRST; free.length < count; number += 1) if (!taken.has(number)) free.push(number);
  return free;
};
