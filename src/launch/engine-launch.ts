import { VmattachError } from '../errors/problem.ts';
import type { ScannedArgv } from '../options/scan-argv.ts';
import { withProblems, type Plan } from '../plan/plan.ts';
import { BARE_MACHINE } from '../request/read-machine.ts';
import type { LaunchRequest } from '../request/request.ts';
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

export const needsEngine = ({ machine }: Pick<LaunchRequest, 'machine'>): boolean => machine.type !== BARE_MACHINE;

const isIommufd = ({ type }: LaunchRequest['objects'][number]): boolean => type.name === 'iommufd' || type.name === 'iommu';

/** Whether an engine does it all: nothing is passed through, so that nothing of this host has to be known. */
export const isEngineAlone = (request: LaunchRequest): boolean =>
  needsEngine(request) && request.devices.length === 0 && !request.objects.some(isIommufd);

type Planned = Pick<Plan, 'request' | 'objects' | 'entries'>;

/** @throws NO_ENGINE, OPTION_UNSUPPORTED */
export const engineLaunch = (plan: Planned, { scanned, search, architecture, fds }: EngineInput): EngineLaunch => {
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
  if (!needsEngine(plan.request)) {
    return { plan, engine: undefined };
  }
  try {
    return { plan, engine: engineLaunch(plan, input) };
  } catch (error) {
    if (!(error instanceof VmattachError)) throw error;
    return { plan: withProblems(plan, [error.problem]), engine: undefined };
  }
};
