import { VmattachError, type Problem } from '../../src/errors/problem.ts';

/** The problem that `body` reports. Anything else that is thrown goes on; returning is an error of the test. */
export const problemOf = (body: () => unknown): Problem => {
  try {
    body();
  } catch (error) {
    if (error instanceof VmattachError) return error.problem;
    throw error;
  }
  throw new Error('expected a problem, but the call returned');
};

/** Runs `body` and swallows typed problems; every other exception goes on. */
export const onlyProblems = (body: () => unknown): void => {
  try {
    body();
  } catch (error) {
    if (!(error instanceof VmattachError)) throw error;
  }
};
