import { createPlan } from '../../plan/create-plan.ts';
import { hasErrors, type Plan } from '../../plan/plan.ts';
import { planDot } from '../../report/plan-dot.ts';
import { planJson } from '../../report/plan-json.ts';
import { planMermaid } from '../../report/plan-mermaid.ts';
import { planSvg } from '../../report/plan-svg.ts';
import { planText } from '../../report/plan-text.ts';
import { accessHost } from '../host-access.ts';
import { isModelFolder } from '../model-folder.ts';
import { print } from '../output.ts';
import { readLaunch } from '../read-launch.ts';
import type { Format } from '../settings.ts';

const write = (plan: Plan, format: Format): string | Promise<string> => {
  switch (format) {
    case 'text':
      return planText(plan);
    case 'json':
      return JSON.stringify(planJson(plan), undefined, 2);
    case 'dot':
      return planDot(plan);
    case 'mermaid':
      return planMermaid(plan);
    case 'svg':
      return planSvg(plan);
  }
};

/** @returns the exit status: 1 iff something of level error stands against the launch */
export const showPlan = async (plan: Plan, format: Format): Promise<number> => {
  print(await write(plan, format));
  return hasErrors(plan) ? 1 : 0;
};

/** `vmattach plan`, the same as `--dry-run`: prints what a launch would do, and touches nothing. */
export const plan = (argv: readonly string[]): Promise<number> => {
  const { settings, request } = readLaunch(argv);
  const { facts } = accessHost(settings.hostModel, request);
  return showPlan(createPlan(request, facts, settings.backends), settings.format);
};
