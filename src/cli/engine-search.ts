import { findEngine, type EngineSearch } from '../launch/find-engine.ts';
import type { ScannedOption } from '../options/scan-argv.ts';

/** Where this process looks for an engine. @param option the value of `--qemu` */
export const engineSearch = (option: string | undefined): EngineSearch => ({
  option,
  environment: process.env,
  architecture: process.arch,
  self: process.argv[1] ?? '',
});

/** Whether there is an engine that could be asked. */
export const hasEngine = (options: readonly ScannedOption[]): boolean => {
  try {
    findEngine('', engineSearch(options.findLast(({ name }) => name === 'qemu')?.value));
    return true;
  } catch {
    return false;
  }
};
