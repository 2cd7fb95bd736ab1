import type { TreeNode } from '../../objects/composition-tree.ts';
import { isMemoryBackend } from '../../objects/object-types.ts';
import { OBJECTS } from '../../objects/composition-tree.ts';
import { defineCommand, type QmpCommand } from '../command-table.ts';
import type { JsonOutput, JsonRecord } from '../json-text.ts';
import type { MachineHost } from '../machine-host.ts';
import { propertiesOf } from '../qom-properties.ts';

const MEMDEV = {
  members: [
    { name: 'id', type: 'str', optional: true },
    { name: 'size', type: 'int' },
    { name: 'merge', type: 'bool' },
    { name: 'dump', type: 'bool' },
    { name: 'prealloc', type: 'bool' },
    { name: 'share', type: 'bool' },
    { name: 'reserve', type: 'bool', optional: true },
    { name: 'host-nodes', type: { list: 'int' } },
    { name: 'policy', type: 'str' },
  ],
} as const;

const memdev = (node: TreeNode, host: MachineHost): JsonRecord => {
  const values = new Map(propertiesOf(node, host).map(({ name, value }): [string, JsonOutput | undefined] => [name, value]));
  const shown = MEMDEV.members.map(({ name }): [string, JsonOutput | undefined] => [name, values.get(name)]);
  return { ...Object.fromEntries(shown), id: node.name };
};

const queryMemdev = (host: MachineHost): QmpCommand =>
  defineCommand({
    name: 'query-memdev',
    allowPreconfig: true,
    arguments: [],
    returns: { list: MEMDEV },
    run: () =>
      host
        .machine()
        .plan.request.tree.children(OBJECTS)
        .filter(({ type }) => isMemoryBackend(type))
        .map((node) => memdev(node, host)),
  });

const queryMemorySizeSummary = ({ machine }: MachineHost): QmpCommand =>
  defineCommand({
    name: 'query-memory-size-summary',
    arguments: [],
    returns: {
      members: [
        { name: 'base-memory', type: 'int' },
        { name: 'plugged-memory', type: 'int', optional: true },
      ],
    },
    run: () => ({ 'base-memory': machine().plan.ram.size, 'plugged-memory': 0 }),
  });

export const memoryCommands = (host: MachineHost): readonly QmpCommand[] => [queryMemdev(host), queryMemorySizeSummary(host)];
