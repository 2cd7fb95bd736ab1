import { DEVICE_TYPES, findDeviceType } from '../devices/device-types.ts';
import { withLocation } from '../errors/problem.ts';
import { ENGINE_OBJECT_TYPES } from '../objects/engine-object-types.ts';
import { findObjectType, OBJECT_TYPES } from '../objects/object-types.ts';
import { kindLabel, type Property } from '../objects/property.ts';
import { isJson } from '../options/json.ts';
import { parseKeyval } from '../options/keyval.ts';
import { OPTION_GROUPS } from '../options/option-groups.ts';
import type { QemuOption } from '../options/qemu-option.ts';
import { describeQemuOpts } from '../options/qemu-opts-help.ts';
import { getOption } from '../options/qemu-opts-values.ts';
import { parseQemuOpts, type OptionDescriptor, type OptsWarning } from '../options/qemu-opts.ts';
import type { ScannedOption } from '../options/scan-argv.ts';
import { BARE_MACHINE_PROPERTIES } from '../request/bare-machine-properties.ts';
import { BARE_MACHINE } from '../request/read-machine.ts';

/** What a help request prints, and the exit status that QEMU gives it. */
export interface HelpAnswer {
  readonly output: readonly string[];
  /** QEMU says them first. */
  readonly warnings?: readonly OptsWarning[];
  readonly error?: string;
  readonly status: 0 | 1;
  /** An engine, if there is one, knows more. */
  readonly askEngine?: boolean;
}

const HELP_COLUMN = 24;

const propertyLine = ({ name, type, description, default: value }: Property): string => {
  const left = `  ${name}=<${kindLabel(type)}>`;
  const right = [description, value === undefined ? undefined : `(default: ${value})`]
    .filter((part) => part !== undefined)
    .join(' ');
  return right === '' ? left : `${left.padEnd(HELP_COLUMN)} - ${right}`;
};

const typeHelp = (name: string, properties: readonly Property[]): HelpAnswer => ({
  output: [`${name} options:`, ...properties.map(propertyLine).toSorted()],
  status: 0,
});

const objectList = (): HelpAnswer => ({
  output: [
    'List of user creatable objects:',
    ...[...OBJECT_TYPES.map(({ name }) => name), ...ENGINE_OBJECT_TYPES].toSorted().map((name) => `  ${name}`),
  ],
  status: 0,
});

const deviceList = (): HelpAnswer => ({
  output: [
    'Passed-through devices:',
    ...DEVICE_TYPES.map(({ name, bus, description }) => `name "${name}", bus ${bus}, desc "${description}"`),
    '',
    'All other devices are of the VMM engine: qemu-system-x86_64 -device help',
  ],
  status: 0,
});

const machineList = (): HelpAnswer => ({
  output: [
    'Supported machines are:',
    `${'bare'.padEnd(20)} guest RAM and a PCI bus for passed-through devices, no CPUs (built in)`,
    '',
    'All other machines are of the VMM engine: qemu-system-x86_64 -machine help',
  ],
  status: 0,
});

/** The list, or what the built-in machine takes; what others take, the engine says. */
const machineHelp = (value: string): HelpAnswer | undefined => {
  const { value: machine, help } = parseKeyval(value, { impliedKey: 'type', helpAllowed: true });
  if (help && machine.get('type') === BARE_MACHINE) {
    return typeHelp(`${BARE_MACHINE}-machine`, BARE_MACHINE_PROPERTIES);
  }
  return /^(type=)?(help|\?)(,|$)/.test(value) ? machineList() : undefined;
};

const isHelp = (text: string | undefined): boolean => text === 'help' || text === '?';

const objectHelp = (typeName: string): HelpAnswer | undefined => {
  const type = findObjectType(typeName);
  return type === undefined ? undefined : typeHelp(type.name, type.properties);
};

const deviceHelp = (driver: string, location: string): HelpAnswer => {
  const type = findDeviceType(driver);
  return type === undefined
    ? { output: [], error: `vmattach: ${location}: Device '${driver}' not found`, status: 0, askEngine: true }
    : typeHelp(type.name, type.properties);
};

/** `-object help`, `-object TYPE,help`, and the same for `-device`. */
const typedHelp = (option: ScannedOption, value: string): HelpAnswer | undefined => {
  const isObject = option.name === 'object';
  const opts = parseQemuOpts(value, { group: option.name, impliedKey: isObject ? 'qom-type' : 'driver' });
  const type = getOption(opts, isObject ? 'qom-type' : 'driver');
  if (isHelp(type)) {
    return { ...(isObject ? objectList() : deviceList()), warnings: opts.warnings };
  }
  if (!opts.helpRequested || type === undefined) {
    return undefined;
  }
  return isObject ? objectHelp(type) : deviceHelp(type, option.location);
};

const asksForHelp = (qemu: QemuOption, group: string, descriptors: readonly OptionDescriptor[], value: string): boolean => {
  switch (qemu.grammar) {
    case 'qemuopts':
      return parseQemuOpts(value, { group, impliedKey: qemu.impliedKey, mergeLists: qemu.mergeLists, descriptors }).helpRequested;
    case 'keyval':
      return parseKeyval(value, { impliedKey: qemu.impliedKey, helpAllowed: true }).help;
    default:
      return false;
  }
};

/** Groups with a parameter list print it; QEMU's exit status is then that of a failure, except where keyval reads the argument. */
const groupHelp = ({ qemu }: ScannedOption, value: string): HelpAnswer | undefined => {
  const descriptors = qemu?.group === undefined ? undefined : OPTION_GROUPS[qemu.group];
  if (qemu?.group === undefined || descriptors === undefined || !/(^|,)(help|\?)(,|$)/.test(value)) {
    return undefined;
  }
  return asksForHelp(qemu, qemu.group, descriptors, value)
    ? { output: describeQemuOpts(qemu.group, descriptors), status: qemu.grammar === 'keyval' ? 0 : 1 }
    : undefined;
};

const answer = (option: ScannedOption, value: string): HelpAnswer | undefined => {
  switch (option.name) {
    case 'object':
    case 'device':
      return isJson(value) || !/help|\?/.test(value) ? undefined : typedHelp(option, value);
    case 'machine':
    case 'M':
      return /help|\?/.test(value) ? machineHelp(value) : undefined;
    default:
      return groupHelp(option, value);
  }
};

/**
 * What an option answers instead of being acted on; undefined when it asks for no help.
 * @throws VmattachError located at the option when it is malformed before the request
 */
export const answerHelp = (option: ScannedOption): HelpAnswer | undefined =>
  withLocation(option.location, () => answer(option, option.value ?? ''));
