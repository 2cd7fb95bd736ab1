import { readFileSync } from 'node:fs';
import { failure } from '../errors/problem.ts';
import { nodeCall } from '../kernel/linux/system-call.ts';
import { SystemCallError } from '../kernel/system-call-error.ts';

/** The text of a `-readconfig` file. @throws FILE in QEMU's words */
export const readConfigFile = (file: string): string => {
  try {
    return nodeCall('open', file, () => readFileSync(file, 'utf8'));
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    throw failure('FILE', `Could not open '${file}': ${error.text}`, { fixes: ['-readconfig with a file that you may read'] });
  }
};
