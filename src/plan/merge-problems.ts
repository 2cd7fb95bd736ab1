import type { Problem } from '../errors/problem.ts';
import type { HostModel } from '../host/model.ts';

/** On a host without any group, that a device has none is no news after the first. */
const rootCause = ({ code, cause, fixes = [] }: Problem, { groups }: HostModel): string =>
  code === 'NO_IOMMU' && groups.length === 0 ? code : [code, cause, ...fixes].join('\n');

/** Says each root cause once, in the words of the first device that meets it: ten devices need /dev/iommu, and it is missing once. */
export const mergeProblems = (problems: readonly Problem[], host: HostModel): Problem[] => {
  const said = new Set<string>();
  return problems.filter((problem) => {
    const cause = rootCause(problem, host);
    const isFirst = problem.cause === undefined || !said.has(cause);
    said.add(cause);
    return isFirst;
  });
};
