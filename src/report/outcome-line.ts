import { hasErrors, type Plan } from '../plan/plan.ts';
import { BARE_MACHINE } from '../request/read-machine.ts';

export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

/** What a launch would come to: how long it is expected to take, or that it would be refused. */
export const outcomeLine = (plan: Plan): string => {
  const errors = plan.problems.filter(({ severity }) => severity === 'error').length;
  if (hasErrors(plan)) {
    return `would be refused: ${count(errors, 'error')}`;
  }
  const byEngine = plan.request.machine.type !== BARE_MACHINE && plan.devices.length > 0;
  const attaching = `${count(plan.steps.length, 'step')}, about ${plan.timeline.predictedMs} ms to attach`;
  return byEngine ? `${attaching}; QEMU takes one device after another, and longer` : attaching;
};
