import { withDefaultRemedy } from '../options/default-remedies.ts';
import type { Problem } from '../errors/problem.ts';
import type { HostModel } from '../host/model.ts';
import { indexHost } from '../plan/host-index.ts';
import type { Plan } from '../plan/plan.ts';
import { okUnless, type Criterion, type Defect, type Finding, type Subject } from './criterion.ts';
import { IOMMU_CRITERIA } from './iommu-criteria.ts';
import { KERNEL_CRITERIA } from './kernel-criteria.ts';
import { LAUNCH_CRITERIA } from './launch-criteria.ts';
import { MEMORY_CRITERIA } from './memory-criteria.ts';
import { PROCESS_CRITERIA } from './process-criteria.ts';

export const CRITERIA: readonly Criterion[] = [
  ...IOMMU_CRITERIA,
  ...KERNEL_CRITERIA,
  ...PROCESS_CRITERIA,
  ...MEMORY_CRITERIA,
  ...LAUNCH_CRITERIA,
];

/** The criterion that takes what no other speaks of. */
const REST = 'launch';

/** A criterion with what was found. */
export interface Verdict {
  readonly criterion: Criterion;
  readonly hard: boolean;
  readonly finding: Finding;
}

export type Readiness = 'ready' | 'not-ready' | 'cannot-tell';

export interface Examination {
  readonly verdicts: readonly Verdict[];
  readonly readiness: Readiness;
  /** Whether a launch was given. */
  readonly forLaunch: boolean;
}

const SPOKEN_FOR = new Set(CRITERIA.flatMap(({ codes }) => codes));

const concerns = ({ id, codes }: Criterion, { code }: Problem): boolean =>
  codes.includes(code) || (id === REST && !SPOKEN_FOR.has(code));

const defectOf = (problem: Problem): Defect => {
  const { code, subject, message, cause, fixes } = withDefaultRemedy(problem);
  return { code, subject, cause: cause ?? message, fixes: fixes ?? [] };
};

/** An error of the plan is hard, a warning soft; where the plan is silent the facts speak. */
const judge = (criterion: Criterion, subject: Subject): Verdict[] => {
  const problems = (subject.plan?.problems ?? []).filter(({ severity }) => severity !== 'info');
  const concerned = problems.filter((problem) => concerns(criterion, problem));
  if (concerned.length > 0) {
    const hard = concerned.some(({ severity }) => severity === 'error');
    return [{ criterion, hard, finding: okUnless(concerned.map(defectOf), '') }];
  }
  const finding = criterion.check(subject);
  return finding === undefined ? [] : [{ criterion, hard: criterion.hard(subject), finding }];
};

const readinessOf = (verdicts: readonly Verdict[]): Readiness => {
  const hard = new Set(verdicts.filter((verdict) => verdict.hard).map(({ finding }) => finding.result));
  if (hard.has('fails')) {
    return 'not-ready';
  }
  return hard.has('unknown') ? 'cannot-tell' : 'ready';
};

/**
 * Examines a host, for a launch if its plan is given. Pure: it looks at facts and opens nothing. It never says ready of a launch that the
 * plan refuses.
 */
export const examine = (model: HostModel, plan: Plan | undefined): Examination => {
  const subject: Subject = { model, host: indexHost(model), plan };
  const verdicts = CRITERIA.flatMap((criterion) => judge(criterion, subject));
  return { verdicts, readiness: readinessOf(verdicts), forLaunch: plan !== undefined };
};
