import type { Problem } from '../errors/problem.ts';
import { readMonitors, type MonitorSpec } from '../monitor/monitor-spec.ts';
import { expandOptions } from '../options/expand-options.ts';
import { scanArgv, type ScannedArgv } from '../options/scan-argv.ts';
import { readIdentity, type MachineIdentity } from '../request/machine-identity.ts';
import { BARE_MACHINE } from '../request/read-machine.ts';
import { readRequest } from '../request/read-request.ts';
import type { LaunchRequest } from '../request/request.ts';
import { ConfigFiles } from './config-files.ts';
import { OWN_OPTIONS } from './own-options.ts';
import { readSettings, type Settings } from './settings.ts';
import { warningReporter } from './warnings.ts';

/** What QEMU starts on a PC when `-machine` does not say (hw/i386/pc_piix.c). */
const DEFAULT_MACHINE = 'pc';

/** The launch that a command line asks for, and our own options beside QEMU's. */
export interface Launch {
  readonly settings: Settings;
  /** What the request was read from: the words of the command line, and what configuration files say. */
  readonly scanned: ScannedArgv;
  readonly request: LaunchRequest;
  readonly identity: MachineIdentity;
  /** The monitors of the built-in machine; an engine has its own. */
  readonly monitors: readonly MonitorSpec[];
  /** What stands against the launch, though the rest of it can be planned. */
  readonly problems: readonly Problem[];
}

/** @param warn is told of warnings. @throws VmattachError */
export const readLaunch = async (argv: readonly string[], warn = warningReporter()): Promise<Launch> => {
  const words = scanArgv(argv, OWN_OPTIONS);
  const settings = await readSettings(words.options);
  const files = new ConfigFiles(settings.hostModel === undefined);
  const scanned = { ...words, options: expandOptions(words.options, files.read) };
  const request = readRequest(scanned, DEFAULT_MACHINE, warn);
  const monitors = request.machine.type === BARE_MACHINE ? readMonitors(scanned.options) : [];
  return { settings, scanned, request, identity: readIdentity(scanned.options), monitors, problems: files.problems };
};
