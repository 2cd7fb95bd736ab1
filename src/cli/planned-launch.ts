import { createPlan } from '../plan/create-plan.ts';
import { hasErrors } from '../plan/plan.ts';
import type { Daemon } from './daemon.ts';
import { launchEngine } from './engine-run.ts';
import { accessHost } from './host-access.ts';
import { openLog } from './logger.ts';
import { sayProblem } from './output.ts';
import type { PassedFds } from './passed-fds.ts';
import { planWithEngine } from './plan-engine.ts';
import type { Launch } from './read-launch.ts';
import type { HeldWarnings } from './warnings.ts';

/** What a launch knows of the process it runs in. */
export interface LaunchProcess {
  /** fds that it was started with. */
  readonly inherited: readonly number[];
  readonly daemon: Daemon | undefined;
  readonly warnings: HeldWarnings;
}

/**
 * Plans on the facts of the host, refuses what the plan refuses, and launches.
 * @returns the exit status; does not return when an engine takes over
 */
export const launchPlanned = async (passed: PassedFds<Launch>, { inherited, daemon, warnings }: LaunchProcess): Promise<number> => {
  const { settings, request } = passed.launch;
  const host = await accessHost(settings.hostModel, request);
  const { plan, engine } = planWithEngine(createPlan(request, host.facts, settings.backends), passed);
  const refused = hasErrors(plan);
  if (refused || engine === undefined) {
    warnings.say();
  }
  plan.problems.forEach(sayProblem);
  if (refused) {
    return 1;
  }
  // The built-in machine attaches the same devices and RAM, without a guest.
  if (engine === undefined || settings.check) {
    const { attachMachine } = await import('./bare-launch.ts');
    await attachMachine(plan, host, passed, daemon);
  } else {
    openLog(settings, plan);
    launchEngine(engine, passed, inherited);
  }
  return 0;
};
