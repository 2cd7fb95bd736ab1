import { OBJECTS, type TreeNode } from '../../objects/composition-tree.ts';
import { findObjectType } from '../../objects/object-types.ts';
import type { JsonObject } from '../../options/json-value.ts';
import { refused } from '../command-error.ts';
import { defineCommand, type CommandContext, type QmpCommand } from '../command-table.ts';
import { withPassedFd } from '../fd-parameter.ts';
import type { MachineHost } from '../machine-host.ts';
import { listedNode, nodeAt } from '../qom-path.ts';
import { propertiesOf, typeOf, type QomProperty } from '../qom-properties.ts';

const PATH = { name: 'path', type: 'str' } as const;
const PROPERTY = { name: 'property', type: 'str' } as const;

const LISTED = [
  { name: 'name', type: 'str' },
  { name: 'type', type: 'str' },
] as const;

const qomList = (host: MachineHost): QmpCommand =>
  defineCommand({
    name: 'qom-list',
    allowPreconfig: true,
    arguments: [PATH],
    returns: { list: { members: LISTED } },
    run: (_context, { path }) => propertiesOf(listedNode(path, host), host).map(({ name, type }) => ({ name, type })),
  });

const qomListGet = (host: MachineHost): QmpCommand =>
  defineCommand({
    name: 'qom-list-get',
    allowPreconfig: true,
    arguments: [{ name: 'paths', type: { list: 'str' } }],
    returns: {
      list: {
        members: [{ name: 'properties', type: { list: { members: [...LISTED, { name: 'value', type: 'any', optional: true }] } } }],
      },
    },
    run: (_context, { paths }) =>
      paths.map((path) => ({
        properties: propertiesOf(listedNode(path, host), host).map(({ name, type, value }) => ({ name, type, value })),
      })),
  });

/** @throws CommandError */
const findProperty = (node: TreeNode, property: string, host: MachineHost): QomProperty => {
  const found = propertiesOf(node, host).find(({ name }) => name === property);
  if (found === undefined) {
    throw refused(`Property '${typeOf(node)}.${property}' not found`);
  }
  return found;
};

const qomGet = (host: MachineHost): QmpCommand =>
  defineCommand({
    name: 'qom-get',
    allowPreconfig: true,
    arguments: [PATH, PROPERTY],
    returns: 'any',
    run: (_context, { path, property }) => {
      const node = nodeAt(path, host);
      const { value } = findProperty(node, property, host);
      if (value === undefined) {
        throw refused(`Property '${typeOf(node)}.${property}' is not readable`);
      }
      return value;
    },
  });

const isReadOnly = ({ name, type }: QomProperty): boolean =>
  type.startsWith('child<') || name === 'type' || name === 'hotpluggable' || name === 'hotplugged';

/** Nothing of ours can change after its creation; a device says so in QEMU's words (hw/core/qdev-properties.c). */
const refusal = (node: TreeNode, { name, type }: QomProperty, { machine }: MachineHost) => {
  const device = machine().plan.request.devices.find(({ path }) => path === node.path);
  if (device === undefined) {
    return refused(`Property '${typeOf(node)}.${name}' can only be set when the object is created`);
  }
  const kind = type.startsWith('link<') ? 'link property' : 'property';
  const owner = device.spec.id === undefined ? 'anonymous device' : `device '${device.spec.id}'`;
  return refused(`Attempt to set ${kind} '${name}' on ${owner} (type '${node.type}') after it was realized`);
};

/** QEMU lets the fd of an iommufd object be set again; here it must be one, and nobody may use the one before. */
const setFd = async (path: string, fd: string, { machine, state }: MachineHost, context: CommandContext): Promise<void> => {
  const members: JsonObject = new Map([['fd', fd]]);
  await withPassedFd(members, context, state.fds, async (found) => {
    const number = found.get('fd');
    if (typeof number === 'string') await machine().changeFd(path.slice(`${OBJECTS}/`.length), number);
    return path;
  });
};

const isFd = ({ type }: TreeNode, property: string): boolean =>
  findObjectType(type)?.properties.some(({ name, type: { kind } }) => name === property && kind === 'fd') ?? false;

const TEXT_TYPES: ReadonlySet<string> = new Set(['string', 'str']);

const qomSet = (host: MachineHost): QmpCommand =>
  defineCommand({
    name: 'qom-set',
    allowPreconfig: true,
    arguments: [PATH, PROPERTY, { name: 'value', type: 'any' }],
    run: async (context, { path, property, value }) => {
      const node = nodeAt(path, host);
      const found = findProperty(node, property, host);
      if (isReadOnly(found)) {
        throw refused(`Property '${typeOf(node)}.${property}' is not writable`);
      }
      if (TEXT_TYPES.has(found.type) && typeof value !== 'string') {
        throw refused(`Invalid parameter type for '${property}', expected: string`);
      }
      if (isFd(node, property) && typeof value === 'string') {
        await setFd(node.path, value, host, context);
        return undefined;
      }
      throw refusal(node, found, host);
    },
  });

/** The objects of the running machine (qom/qom-qmp-cmds.c). */
export const qomCommands = (host: MachineHost): readonly QmpCommand[] => [
  qomList(host),
  qomListGet(host),
  qomGet(host),
  qomSet(host),
];
