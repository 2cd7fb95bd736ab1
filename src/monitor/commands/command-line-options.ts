import { OPTION_GROUPS } from '../../options/option-groups.ts';
import { QEMU_OPTIONS } from '../../options/qemu-options-table.ts';
import type { OptionDescriptor } from '../../options/qemu-opts.ts';
import { BARE_MACHINE_PROPERTIES } from '../../request/bare-machine-properties.ts';
import { refused } from '../command-error.ts';
import { defineCommand, type QmpCommand } from '../command-table.ts';

/** CommandLineParameterType of qapi/misc.json, by our own names. */
const TYPES: Readonly<Record<OptionDescriptor['type'], string>> = {
  string: 'string',
  bool: 'boolean',
  number: 'number',
  size: 'size',
};

/** QEMU says string of whatever is no number, size or boolean. */
const machineParameters = () =>
  BARE_MACHINE_PROPERTIES.map(({ name, description }) => ({ name, help: description, type: TYPES.string }));

/** QEMU lists the parameters of a group from the last to the first. Groups that take anything have none. */
const parametersOf = (group: string) =>
  group === 'machine'
    ? machineParameters()
    : (OPTION_GROUPS[group] ?? []).toReversed().map(({ name, type, help }) => ({ name, help, type: TYPES[type] }));

const groups = (): readonly string[] => [...new Set(QEMU_OPTIONS.flatMap(({ group }) => (group === undefined ? [] : [group])))];

const queryCommandLineOptions = defineCommand({
  name: 'query-command-line-options',
  arguments: [{ name: 'option', type: 'str', optional: true }],
  returns: {
    list: {
      members: [
        { name: 'option', type: 'str' },
        {
          name: 'parameters',
          type: {
            list: {
              members: [
                { name: 'name', type: 'str' },
                { name: 'type', type: { values: Object.values(TYPES) } },
                { name: 'help', type: 'str', optional: true },
                { name: 'default', type: 'str', optional: true },
              ],
            },
          },
        },
      ],
    },
  },
  allowPreconfig: true,
  run: (_context, { option }) => {
    const wanted = groups().filter((group) => option === undefined || group === option);
    if (option !== undefined && wanted.length === 0) throw refused(`invalid option name: ${option}`);
    return wanted.map((group) => ({ option: group, parameters: parametersOf(group) }));
  },
});

export const COMMAND_LINE_COMMANDS: readonly QmpCommand[] = [queryCommandLineOptions];
