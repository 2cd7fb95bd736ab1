import { CommandError } from '../command-error.ts';
import { defineCommand, type QmpCommand } from '../command-table.ts';
import { qmpSchema } from '../qmp-schema.ts';
import { versionInfo } from '../version-info.ts';

const VERSION_TRIPLE = {
  members: [
    { name: 'major', type: 'int' },
    { name: 'minor', type: 'int' },
    { name: 'micro', type: 'int' },
  ],
} as const;

const VERSION_INFO = {
  members: [
    { name: 'qemu', type: VERSION_TRIPLE },
    { name: 'package', type: 'str' },
  ],
} as const;

const qmpCapabilities = defineCommand({
  name: 'qmp_capabilities',
  arguments: [{ name: 'enable', type: { list: { values: ['oob'] } }, optional: true }],
  allowPreconfig: true,
  run: ({ negotiation }, { enable = [] }) => {
    if (negotiation.done) {
      throw new CommandError('CommandNotFound', 'Capabilities negotiation is already complete, command ignored');
    }
    negotiation.done = true;
    negotiation.outOfBand = enable.includes('oob');
    return undefined;
  },
});

const queryCommands = defineCommand({
  name: 'query-commands',
  arguments: [],
  returns: { list: { members: [{ name: 'name', type: 'str' }] } },
  allowPreconfig: true,
  run: ({ table }) => [...table.commands.keys()].map((name) => ({ name })),
});

/** The types of SchemaInfo are a union, which a client that can read a schema knows already. */
const queryQmpSchema = defineCommand({
  name: 'query-qmp-schema',
  arguments: [],
  returns: { list: 'any' },
  allowPreconfig: true,
  run: ({ table }) => qmpSchema(table),
});

const queryVersion = (version: string): QmpCommand =>
  defineCommand({
    name: 'query-version',
    arguments: [],
    returns: VERSION_INFO,
    allowPreconfig: true,
    run: () => versionInfo(version),
  });

/** The protocol's own commands. @param version of vmattach */
export const protocolCommands = (version: string): readonly QmpCommand[] => [
  qmpCapabilities,
  queryCommands,
  queryQmpSchema,
  queryVersion(version),
];
