import { createPlan } from '../../plan/create-plan.ts';
import { hasErrors, type Plan } from '../../plan/plan.ts';
import { planDot } from '../../report/plan-dot.ts';
import { planJson } from '../../report/plan-json.ts';
import { planMermaid } from '../../report/plan-mermaid.ts';
import { planSvg } from '../../report/plan-svg.ts';
import { planText } from '../../report/plan-text.ts';
import { planFleet } from '../fleet.ts';
import { accessHost } from '../host-access.ts';
import { isModelFolder } from '../model-folder.ts';
import { lookAtPassedFds } from '../passed-fds.ts';
import { print } from '../output.ts';
import { readLaunch, type Launch } from '../read-launch.ts';
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
const showPlan = async (plan: Plan, format: Format): Promise<number> => {
  print(await write(plan, format));
  return hasErrors(plan) ? 1 : 0;
};

/** Prints what a launch would do on this host, on that of a model, or on each of a folder of models. @returns the exit status */
export const planLaunch = async (launch: Launch): Promise<number> => {
  const { settings, request } = await lookAtPassedFds(launch);
  if (settings.hostModel !== undefined && isModelFolder(settings.hostModel)) {
    return planFleet(settings.hostModel, request, settings);
  }
  const { facts } = accessHost(settings.hostModel, request, { names: true, holders: true });
  return showPlan(createPlan(request, facts, settings.backends), settings.format);
};

/** `vmattach plan`, the same as `--dry-run`: touches nothing. */
export const plan = (argv: readonly string[]): Promise<number> => planLaunch(readLaunch(argv));
