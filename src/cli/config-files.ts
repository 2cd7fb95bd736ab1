import { readFileSync } from 'node:fs';
import type { Problem } from '../errors/problem.ts';
import { nodeCall } from '../kernel/linux/system-call.ts';
import { SystemCallError } from '../kernel/system-call-error.ts';

/** Reads `-readconfig` files. One that cannot be read stands against the launch, but not against planning the rest. */
export class ConfigFiles {
  readonly #severity: Problem['severity'];
  readonly #problems: Problem[] = [];

  /** @param isThisHost else the file may well be there on the host that is meant */
  constructor(isThisHost: boolean) {
    this.#severity = isThisHost ? 'error' : 'info';
  }

  /** In QEMU's words. */
  get problems(): readonly Problem[] {
    return this.#problems;
  }

  /** @returns undefined when it cannot be read */
  readonly read = (file: string, location: string): string | undefined => {
    try {
      return nodeCall('open', file, () => readFileSync(file, 'utf8'));
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      this.#problems.push({
        code: 'FILE',
        severity: this.#severity,
        location,
        message: `Could not open '${file}': ${error.text}`,
        cause: 'devices and objects that it describes are not in the plan',
        fixes: ['-readconfig with a file that you may read'],
      });
      return undefined;
    }
  };
}
