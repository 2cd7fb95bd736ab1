import { createPlan } from '../../plan/create-plan.ts';
import { hasErrors, type Plan } from '../../plan/plan.ts';
import { planJson } from '../../report/plan-json.ts';
import { planText } from '../../report/plan-text.ts';
import { accessHost } from '../host-access.ts';
import { print } from '../output.ts';
import { readLaunch } from '../read-launch.ts';
import type { Settings } from '../settings.ts';

/** @returns the exit status: 1 iff something of level error stands against the launch */
export const showPlan = (plan: Plan, format: Settings['format']): number => {
  print(format === 'json' ? JSON.stringify(planJson(plan), undefined, 2) : planText(plan));
  return hasErrors(plan) ? 1 : 0;
};

/** `vmattach plan`, the same as `--dry-run`: prints what a launch would do, and touches nothing. */
export const plan = (argv: readonly string[]): number => {
  const { settings, request } = readLaunch(argv);
  const { facts } = accessHost(settings.hostModel, request);
  return showPlan(createPlan(request, facts, settings.backends), settings.format);
};
