import { inheritedFds } from '../../host/runtime-fds.ts';
import { isEngineAlone } from '../../launch/engine-launch.ts';
import { BARE_MACHINE } from '../../request/read-machine.ts';
import { adoptDaemon } from '../daemon.ts';
import { expectRareChanges } from '../rare-changes.ts';
import { launchEngine } from '../engine-run.ts';
import { takePassedFds } from '../passed-fds.ts';
import { engineAlone } from '../plan-engine.ts';
import { readLaunch, type Launch } from '../read-launch.ts';
import { reportFormat } from '../report-format.ts';
import { HeldWarnings } from '../warnings.ts';

/** Only the built-in machine stays here; an engine takes this process. A try is over before that. */
const isHeld = ({ request, settings }: Launch): boolean => request.machine.type === BARE_MACHINE && !settings.check;

/** An engine goes to the background by itself. */
const goesToBackground = (launched: Launch): boolean =>
  isHeld(launched) && launched.scanned.options.some(({ name }) => name === 'daemonize');

/** What only some launches need is loaded by those: each module costs every start that loads it. */
const run = async (argv: readonly string[], warnings: HeldWarnings): Promise<number> => {
  const daemon = adoptDaemon();
  // In the background everything is read a second time.
  const launched = await readLaunch(argv, daemon === undefined ? warnings.add : () => undefined);
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
  if (isHeld(launched) && launched.monitors.length > 0) {
    expectRareChanges();
  }
  const inherited = inheritedFds(argv);
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
  const { launchPlanned } = await import('../planned-launch.ts');
  return launchPlanned(passed, { inherited, daemon, warnings });
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
