import { withLocation } from '../errors/problem.ts';
import { CompositionTree } from '../objects/composition-tree.ts';
import type { ScannedArgv } from '../options/scan-argv.ts';
import { checkBareOptions } from './bare-options.ts';
import { checkClock } from './check-clock.ts';
import { checkBackends, createDefaultRam, createObjects } from './create-objects.ts';
import { isOwnDevice, isOwnObject, refuseEngineParts } from './engine-parts.ts';
import { warnOfLikelyTypos } from './likely-typos.ts';
import { linkDevice } from './link-device.ts';
import { checkBoot, checkCpuTopology } from './machine-members.ts';
import { placeDevices } from './placement.ts';
import { BARE_MACHINE, namedBackend, readMachine } from './read-machine.ts';
import { withGlobals } from '../devices/with-globals.ts';
import { readOptions, type ParsedOptions } from './read-options.ts';
import type { LaunchRequest, RequestWarning } from './request.ts';

const idsOf = ({ objects }: ParsedOptions): ReadonlySet<string> =>
  new Set(objects.flatMap(({ id }) => (id === undefined ? [] : [id])));

/**
 * From a scanned command line to specs in a composition tree: parsed, created in QEMU's order, linked. Nothing is known about
 * the host yet and nothing has been opened.
 * @param defaultMachine the machine type where `-machine` does not say
 * @param warn is told of warnings as they come, so also of those that an error follows
 * @throws VmattachError in QEMU's words
 */
export const readRequest = (
  scanned: ScannedArgv,
  defaultMachine: string,
  warn: (warning: RequestWarning) => void = () => undefined,
): LaunchRequest => {
  const parsed: ParsedOptions = readOptions(scanned.options, warn);
  checkClock(parsed.clock);
  const tree = new CompositionTree();
  const objects = parsed.objects.filter(isOwnObject);
  const created = createObjects(objects, tree);
  checkBoot(parsed.machine);
  checkCpuTopology(parsed.machine);
  checkBackends(objects);
  const machine = readMachine(parsed, objects, defaultMachine);
  if (machine.type === BARE_MACHINE) {
    checkBareOptions(scanned, warn);
    refuseEngineParts(parsed.objects, parsed.devices);
  }
  warnOfLikelyTypos(parsed.devices, warn);
  if (namedBackend(parsed.machine) === undefined) {
    createDefaultRam(machine, objects, tree);
  }
  const place = placeDevices(machine.type);
  const devices = parsed.devices
    .filter(isOwnDevice)
    .map((spec) => withGlobals(spec, parsed.globals))
    .map((spec) => withLocation(spec.location, () => linkDevice(spec, place(spec), tree, created)));
  return { machine, objects, objectIds: idsOf(parsed), devices, tree };
};
