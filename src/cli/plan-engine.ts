import { withEngine, type LaunchPlan } from '../launch/engine-launch.ts';
import type { Plan } from '../plan/plan.ts';
import { engineSearch } from './engine-search.ts';
import type { PassedFds } from './passed-fds.ts';
import type { Launch } from './read-launch.ts';

/**
 * A plan with the engine's part in it. On the host of a model no engine is looked for.
 * @param opened file descriptors that the engine gets beside those that were passed here, by the QOM path of who uses them
 */
export const planWithEngine = (
  plan: Plan,
  { launch: { settings, scanned }, fds }: PassedFds<Launch>,
  opened: readonly (readonly [string, number])[] = [],
): LaunchPlan => {
  const search = engineSearch(settings.qemu);
  return withEngine(plan, {
    scanned,
    architecture: search.architecture,
    search: settings.hostModel === undefined ? search : undefined,
    fds: new Map([...[...fds].map(([path, { number }]) => [path, number] as const), ...opened]),
  });
};
