import { hasErrors, type Plan } from '../plan/plan.ts';

export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

/** What a launch would come to: how long it is expected to take, or that it would be refused. */
export const outcomeLine = (plan: Plan): string => {
  const errors = plan.problems.filter(({ severity }) => severity === 'error').length;
  return hasErrors(plan)
    ? `would be refused: ${count(errors, 'error')}`
    : `${count(plan.steps.length, 'step')}, about ${plan.timeline.predictedMs} ms to attach`;
};
