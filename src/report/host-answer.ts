import { BACKENDS, type BackendName } from '../backends/address-space.ts';
import type { Problem } from '../errors/problem.ts';
import type { Plan } from '../plan/plan.ts';

/** What planning a launch on one host of many came to. */
export interface HostAnswer {
  /** The name of the model's file without `.json`. */
  readonly host: string;
  readonly file: string;
  /** Undefined when the model could not be read. */
  readonly plan: Plan | undefined;
  readonly problems: readonly Problem[];
}

/** Whether the host can run the launch. */
export const canRun = ({ plan, problems }: HostAnswer): boolean =>
  plan !== undefined && problems.every(({ severity }) => severity !== 'error');

/** What stands against the launch first; a warning only where there is no error. */
export const firstProblem = ({ problems }: HostAnswer): Problem | undefined =>
  problems.find(({ severity }) => severity === 'error') ?? problems[0];

/** The backends that the launch would use, each once. */
export const backendsOf = ({ plan }: HostAnswer): readonly BackendName[] => {
  const used = new Set(plan?.entries.map(({ selection }) => selection?.backend));
  return BACKENDS.filter((backend) => used.has(backend));
};
