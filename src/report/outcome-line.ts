import { hasErrors, type Plan } from '../plan/plan.ts';
import { predictTimeline } from '../plan/timeline.ts';
import { BARE_MACHINE } from '../request/read-machine.ts';

export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

/** What a launch would come to: how long it is expected to take, that it would be refused, or that there is nothing to attach. */
export const outcomeLine = (plan: Plan): string => {
  const errors = plan.problems.filter(({ severity }) => severity === 'error').length;
  if (hasErrors(plan)) {
    return `would be refused: ${count(errors, 'error')}`;
  }
  if (plan.devices.length === 0) {
    return 'nothing is passed through';
  }
  const attaching = `${count(plan.steps.length, 'step')}, about ${predictTimeline(plan).predictedMs} ms to attach`;
  return plan.request.machine.type === BARE_MACHINE ? attaching : `${attaching}; QEMU takes one device after another, and longer`;
};
