import { VmattachError } from '../errors/problem.ts';
import type { ScannedArgv } from '../options/scan-argv.ts';
import type { Plan } from '../plan/plan.ts';
import { BARE_MACHINE } from '../request/read-machine.ts';
import { engineCommand, type EngineCommand, type EngineFds } from './engine-command.ts';
import { checkEngineIommufd } from './engine-iommufd.ts';
import { engineName, findEngine, type EngineSearch } from './find-engine.ts';

/** A launch by an engine: which one, and what it is started with. */
export interface EngineLaunch {
  /** The file that is executed; only a name where the host is a model. */
  readonly path: string;
  readonly command: EngineCommand;
}

/** A plan and, for machine types that are not built in, the engine's part in it. */
export interface LaunchPlan {
  readonly plan: Plan;
  readonly engine: EngineLaunch | undefined;
}

export interface EngineInput {
  readonly scanned: ScannedArgv;
  /** undefined on the host of a model, where no engine can be looked for. */
  readonly search: EngineSearch | undefined;
  /** Node's name of the processor. */
  readonly architecture: string;
  readonly fds: EngineFds;
}

export const needsEngine = ({ request }: Pick<Plan, 'request'>): boolean => request.machine.type !== BARE_MACHINE;

const engineLaunch = (plan: Plan, { scanned, search, architecture, fds }: EngineInput): EngineLaunch => {
  const command = engineCommand(scanned, plan, fds);
  if (search === undefined) {
    return { path: engineName(architecture), command };
  }
  const engine = findEngine(plan.request.machine.type, search);
  checkEngineIommufd(engine, plan);
  return { path: engine.path, command };
};

/** What stands against the engine is a problem of the plan like any other: nothing is done then. */
export const withEngine = (plan: Plan, input: EngineInput): LaunchPlan => {
  if (!needsEngine(plan)) {
    return { plan, engine: undefined };
  }
  try {
    return { plan, engine: engineLaunch(plan, input) };
  } catch (error) {
    if (!(error instanceof VmattachError)) throw error;
    return { plan: { ...plan, steps: [], problems: [...plan.problems, error.problem] }, engine: undefined };
  }
};
