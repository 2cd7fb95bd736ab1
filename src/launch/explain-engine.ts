import type { Problem } from '../errors/problem.ts';
import { memlockTooLow } from '../plan/memlock.ts';
import { hasErrors, type Plan } from '../plan/plan.ts';
import type { RunAs } from './run-as.ts';

/** How an engine ended. */
export interface EngineEnd {
  readonly status: number | undefined;
  /** The signal that killed it, by name. */
  readonly signal: string | undefined;
}

export interface EngineFailure {
  readonly path: string;
  readonly end: EngineEnd;
  /** The last lines it wrote to standard error. */
  readonly lines: readonly string[];
  /** What is planned on the host as it is now. */
  readonly plan: Plan;
  readonly user: RunAs | undefined;
}

type Remedy = Pick<Problem, 'cause' | 'fixes'>;

const foreseen = ({ plan }: EngineFailure): Remedy | undefined => {
  if (!hasErrors(plan)) return undefined;
  const problem = plan.problems.find(({ severity }) => severity === 'error');
  return problem === undefined ? undefined : { cause: problem.cause ?? problem.message, fixes: problem.fixes };
};

const noMemory = ({ lines, plan }: EngineFailure): Remedy | undefined =>
  plan.memlock.limit !== undefined && plan.devices.length > 0 && lines.some((line) => /vfio.*Cannot allocate memory/.test(line))
    ? memlockTooLow(plan.memlock)
    : undefined;

const noAccess = ({ lines, user }: EngineFailure): Remedy | undefined => {
  const line = user === undefined ? undefined : lines.find((candidate) => candidate.includes('Permission denied'));
  if (line === undefined || user === undefined) return undefined;
  const file = /'(\/[^']+)'/.exec(line)?.[1];
  return {
    cause: `QEMU runs as ${user.name} (uid ${user.uid}), who may not open it: files and sockets that QEMU opens by itself must be accessible to that user`,
    fixes: [file === undefined ? `give the file to ${user.name}` : `chown ${user.name} ${file}`],
  };
};

const killed = ({ end }: EngineFailure): Remedy | undefined =>
  end.signal === 'SIGKILL'
    ? { cause: 'somebody killed it, or the kernel did because memory ran out', fixes: ["dmesg | grep -i 'killed process'"] }
    : undefined;

const NOTHING: Remedy = {
  cause: 'QEMU says no more than this, and nothing on this host stands against the launch now',
  fixes: undefined,
};

const endText = ({ status, signal }: EngineEnd): string =>
  signal === undefined ? `ended with exit status ${status ?? 0}` : `was killed by ${signal}`;

/** What a failed engine said, and the best explanation there is: what stands against the launch now, else what its words mean. Pure. */
export const explainEngineFailure = (engine: EngineFailure): Problem => {
  const remedy = foreseen(engine) ?? noMemory(engine) ?? noAccess(engine) ?? killed(engine) ?? NOTHING;
  return {
    code: 'ENGINE_FAILED',
    severity: 'error',
    message: `${engine.path} ${endText(engine.end)}`,
    hint: engine.lines.map((line) => `  | ${line}`),
    cause: remedy.cause,
    fixes: remedy.fixes,
  };
};
