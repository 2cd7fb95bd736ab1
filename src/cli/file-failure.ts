import { failure, type VmattachError } from '../errors/problem.ts';

/** Says that a file of ours cannot be written. @param option the option that names it, without dashes */
export const fileFailure = (option: string, file: string, error: unknown): VmattachError =>
  failure('FILE', `cannot write '${file}'`, {
    location: `--${option} ${file}`,
    cause: error instanceof Error ? error.message : String(error),
    fixes: [`--${option} with a file in a folder that exists and that you may write to`],
  });
