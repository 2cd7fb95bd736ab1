import { VmattachError, type Problem } from '../errors/problem.ts';

/** Runs a check of what has this path and turns the problem it throws into data. */
export const collect = <T>(problems: Problem[], path: string, body: () => T): T | undefined => {
  try {
    return body();
  } catch (error) {
    if (error instanceof VmattachError) {
      problems.push({ ...error.problem, subject: error.problem.subject ?? path });
      return undefined;
    }
    throw error;
  }
};
