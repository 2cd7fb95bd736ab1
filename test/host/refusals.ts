import { VmattachError, type Problem } from '../../src/errors/problem.ts';
import { parseHostModel } from '../../src/host/load-model.ts';

export const problemOf = (body: () => unknown): Problem => {
  try {
    body();
  } catch (error) {
    if (error instanceof VmattachError) return error.problem;
    throw error;
  }
  throw new Error('nothing was thrown');
};

export const problemOfModel = (model: unknown): Problem => problemOf(() => parseHostModel(JSON.stringify(model), 'host.json'));

/** Gives table rows keys, so that titles can show the message alone. */
export const named = (rows: readonly (readonly [model: unknown, message: string])[]) =>
  rows.map(([model, message]) => ({ model, message }));
