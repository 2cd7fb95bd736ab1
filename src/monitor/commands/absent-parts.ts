import { CommandError, refused } from '../command-error.ts';
import { defineCommand, type QmpCommand } from '../command-table.ts';

/** What a machine without a guest has none of; management layers ask before they look further. */
const NONE_OF = [
  { name: 'query-memory-devices' },
  { name: 'query-iothreads', allowPreconfig: true },
  { name: 'query-cpus-fast' },
  { name: 'query-block', allowPreconfig: true },
];

const emptyList = (named: (typeof NONE_OF)[number]): QmpCommand =>
  defineCommand({ ...named, arguments: [], returns: { list: 'any' }, run: () => [] });

const queryBalloon = defineCommand({
  name: 'query-balloon',
  arguments: [],
  returns: { members: [{ name: 'actual', type: 'int' }] },
  run: () => {
    throw new CommandError('DeviceNotActive', 'No balloon device has been activated');
  },
});

const queryHotpluggableCpus = defineCommand({
  name: 'query-hotpluggable-cpus',
  arguments: [],
  returns: { list: 'any' },
  allowPreconfig: true,
  run: () => {
    throw refused('machine does not support hot-plugging CPUs');
  },
});

/** Answers about parts that the built-in machine never has. */
export const ABSENT_PART_COMMANDS: readonly QmpCommand[] = [...NONE_OF.map(emptyList), queryBalloon, queryHotpluggableCpus];
