import { inheritedFds } from '../../host/runtime-fds.ts';
import { isEngineAlone } from '../../launch/engine-launch.ts';
import { createPlan } from '../../plan/create-plan.ts';
import { hasErrors } from '../../plan/plan.ts';
import { BARE_MACHINE } from '../../request/read-machine.ts';
import { adoptDaemon } from '../daemon.ts';
import { launchEngine } from '../engine-run.ts';
import { accessHost } from '../host-access.ts';
import { sayProblem } from '../output.ts';
import { takePassedFds } from '../passed-fds.ts';
import { engineAlone, planWithEngine } from '../plan-engine.ts';
import { readLaunch, type Launch } from '../read-launch.ts';
import { reportFormat } from '../report-format.ts';
import { HeldWarnings } from '../warnings.ts';

/** Only the built-in machine goes to the background here; an engine does that by itself. A try is over before that. */
const goesToBackground = ({ scanned, request, settings }: Launch): boolean =>
  request.machine.type === BARE_MACHINE && !settings.check && scanned.options.some(({ name }) => name === 'daemonize');

/** What only some launches need is loaded by those: each module costs every start that loads it. */
const run = async (argv: readonly string[], warnings: HeldWarnings): Promise<number> => {
  const daemon = adoptDaemon();
  // In the background everything is read a second time.
  const launched = readLaunch(argv, daemon === undefined ? warnings.add : () => undefined);
  const { settings } = launched;
  if (settings.dryRun) {
    warnings.say();
    const { planLaunch } = await import('./plan.ts');
    return planLaunch(launched);
  }
  reportFormat(settings.format);
  if (daemon === undefined && goesToBackground(launched)) {
    const { checkDaemonMonitors, startDaemon } = await import('../start-daemon.ts');
    checkDaemonMonitors(launched.monitors);
    return startDaemon(argv);
  }
  const inherited = inheritedFds();
  const passed = await takePassedFds(launched);
  if (settings.passFds || settings.supervise) {
    warnings.say();
    const { launchPrepared } = await import('../prepared-launch.ts');
    return launchPrepared(passed, inherited, daemon);
  }
  const { request } = passed.launch;
  if (isEngineAlone(request) && !settings.check) {
    return launchEngine(engineAlone(passed), passed, inherited);
  }
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
    const { attachMachine } = await import('../bare-launch.ts');
    await attachMachine(plan, host, passed, daemon);
  } else {
    launchEngine(engine, passed, inherited);
  }
  return 0;
};

/** Without a subcommand: plans, refuses what the plan refuses, and launches. */
export const launch = async (argv: readonly string[]): Promise<number> => {
  const warnings = new HeldWarnings();
  try {
    return await run(argv, warnings);
  } finally {
    warnings.say();
  }
};
