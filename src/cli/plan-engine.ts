import { engineLaunch, withEngine, type EngineInput, type EngineLaunch, type LaunchPlan } from '../launch/engine-launch.ts';
import { withProblems, type Plan } from '../plan/plan.ts';
import { engineSearch } from './engine-search.ts';
import type { PassedFds } from './passed-fds.ts';
import type { Launch } from './read-launch.ts';

/** File descriptors that the engine gets beside those that were passed here, by the QOM path of who uses them. */
type OpenedFds = readonly (readonly [string, number])[];

/** On the host of a model no engine is looked for. */
const inputOf = ({ launch: { settings, scanned }, fds }: PassedFds<Launch>, opened: OpenedFds): EngineInput => {
  const search = engineSearch(settings.qemu);
  return {
    scanned,
    architecture: search.architecture,
    search: settings.hostModel === undefined ? search : undefined,
    fds: new Map([...[...fds].map(([path, { number }]) => [path, number] as const), ...opened]),
  };
};

/** A plan with the engine's part in it. */
export const planWithEngine = (plan: Plan, passed: PassedFds<Launch>, opened: OpenedFds = []): LaunchPlan =>
  withEngine(withProblems(plan, passed.launch.problems), inputOf(passed, opened));

/** The launch by an engine that has nothing passed through. @throws NO_ENGINE */
export const engineAlone = (passed: PassedFds<Launch>): EngineLaunch =>
  engineLaunch({ request: passed.launch.request, objects: [], entries: [] }, inputOf(passed, []));
