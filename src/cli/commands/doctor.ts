import { createPlan } from '../../plan/create-plan.ts';
import { examine, type Readiness } from '../../preflight/examine.ts';
import { doctorJson } from '../../report/doctor-json.ts';
import { doctorText } from '../../report/doctor-text.ts';
import type { LaunchRequest } from '../../request/request.ts';
import { accessHost } from '../host-access.ts';
import { print } from '../output.ts';
import { lookAtPassedFds } from '../passed-fds.ts';
import { planWithEngine } from '../plan-engine.ts';
import { sayVanished } from '../read-host.ts';
import { readLaunch } from '../read-launch.ts';
import { reportFormat } from '../report-format.ts';

const EXIT_STATUS: Readonly<Record<Readiness, number>> = { ready: 0, 'not-ready': 1, 'cannot-tell': 2 };

/** Options that say nothing of devices or objects, say `-m` alone, do not make a launch to examine the host for. */
const asksForDevices = ({ devices, objects }: LaunchRequest): boolean => devices.length + objects.length > 0;

/**
 * `vmattach doctor`: whether this host is ready, for the launch that the options describe if they name devices or objects. Reads only.
 * @returns the exit status: 0 ready, 1 not ready, 2 cannot tell
 */
export const doctor = async (argv: readonly string[]): Promise<number> => {
  const passed = await lookAtPassedFds(await readLaunch(argv));
  const { settings, request } = passed.launch;
  const format = reportFormat(settings.format);
  const { facts } = await accessHost(settings.hostModel, request, { everything: true, holders: true, onVanished: sayVanished });
  const planned = asksForDevices(request) ? planWithEngine(createPlan(request, facts, settings.backends), passed) : undefined;
  const examination = examine(facts, planned?.plan);
  print(format === 'json' ? JSON.stringify(doctorJson(examination), undefined, 2) : doctorText(examination));
  return EXIT_STATUS[examination.readiness];
};
