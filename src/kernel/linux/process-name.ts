import { writeFileSync } from 'node:fs';

/**
 * Sets what `ps -o comm` and the next launch's "held by process" show, which is `node` else. Node's `process.title` writes over the
 * command line too, by which people tell their machines apart.
 * @param name up to 15 bytes (proc(5), comm)
 */
export const nameProcess = (name: string): void => {
  try {
    writeFileSync('/proc/self/comm', name);
  } catch {
    // Without /proc the name stays.
  }
};
