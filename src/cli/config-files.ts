import { failure, type Problem } from '../errors/problem.ts';
import { readBounded } from '../host/read-bounded.ts';
import { nodeCall } from '../kernel/linux/system-call.ts';
import { SystemCallError } from '../kernel/system-call-error.ts';

/** Bytes; ten thousand devices take less than one megabyte. */
const SIZE_LIMIT = 64 << 20;

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
      const text = nodeCall('open', file, () => readBounded(file, SIZE_LIMIT));
      if (text === undefined) {
        throw failure('FILE', `'${file}' is larger than ${SIZE_LIMIT} bytes`, {
          location,
          fixes: ['-readconfig with a configuration file'],
        });
      }
      return text;
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
