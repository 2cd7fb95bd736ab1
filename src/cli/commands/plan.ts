import { hasErrors } from '../../plan/plan.ts';
import { engineText } from '../../report/engine-text.ts';
import { planJson } from '../../report/plan-json.ts';
import { planText } from '../../report/plan-text.ts';
import { bindingsText, privilegesText } from '../../report/privileges-text.ts';
import { isModelFolder } from '../model-folder.ts';
import { lookAtPassedFds } from '../passed-fds.ts';
import { print } from '../output.ts';
import { prepareLaunch, type PreparedLaunch } from '../prepare-launch.ts';
import { readLaunch, type Launch } from '../read-launch.ts';
import type { Format } from '../settings.ts';

/** The plan, and what goes on around it, one part below the other. */
const text = ({ plan, engine, privileges, managed }: PreparedLaunch): string =>
  [
    planText(plan),
    ...(managed === undefined ? [] : [bindingsText(managed.binding)]),
    ...(privileges === undefined ? [] : [privilegesText(privileges)]),
    ...(engine === undefined ? [] : [engineText(engine)]),
  ].join('\n\n');

/** What draws is loaded by those who want a drawing. */
const write = async (prepared: PreparedLaunch, format: Format): Promise<string> => {
  const { plan, engine, privileges, managed } = prepared;
  switch (format) {
    case 'text':
      return text(prepared);
    case 'json':
      return JSON.stringify(planJson(plan, { engine, privileges, binding: managed?.binding }), undefined, 2);
    case 'dot':
      return (await import('../../report/plan-dot.ts')).planDot(plan);
    case 'mermaid':
      return (await import('../../report/plan-mermaid.ts')).planMermaid(plan);
    case 'svg':
      return (await import('../../report/plan-svg.ts')).planSvg(plan);
  }
};

/** @returns the exit status: 1 iff something of level error stands against the launch */
const showPlan = async (planned: PreparedLaunch, format: Format): Promise<number> => {
  print(await write(planned, format));
  return hasErrors(planned.plan) ? 1 : 0;
};

/** Prints what a launch would do on this host, on that of a model, or on each of a folder of models. @returns the exit status */
export const planLaunch = async (launch: Launch): Promise<number> => {
  const passed = await lookAtPassedFds(launch);
  const { settings, request } = passed.launch;
  if (settings.hostModel !== undefined && isModelFolder(settings.hostModel)) {
    const { planFleet } = await import('../fleet.ts');
    return planFleet(settings.hostModel, request, settings);
  }
  return showPlan(await prepareLaunch(passed, { names: true, holders: true }), settings.format);
};

/** `vmattach plan`, the same as `--dry-run`: touches nothing. */
export const plan = async (argv: readonly string[]): Promise<number> => planLaunch(await readLaunch(argv));
