import { ENGINE_OBJECT_TYPES } from '../../objects/engine-object-types.ts';
import { findObjectType, OBJECT_TYPES } from '../../objects/object-types.ts';
import { parseObjectMembers } from '../../objects/parse-object.ts';
import type { JsonObject } from '../../options/json-value.ts';
import { ownObject } from '../../request/engine-parts.ts';
import { defineCommand, type QmpCommand } from '../command-table.ts';
import { withPassedFd } from '../fd-parameter.ts';
import type { MachineHost } from '../machine-host.ts';

/** All that QEMU has: what only an engine can make is refused as that. */
const TYPE_NAMES = [...OBJECT_TYPES.map(({ name }) => name), ...ENGINE_OBJECT_TYPES].toSorted();

/** Locations are the command line's; a command says by itself where it stands. */
const NOWHERE = '';

const objectAdd = ({ machine, state }: MachineHost): QmpCommand => {
  const add = async (members: JsonObject): Promise<string> => {
    const spec = ownObject(parseObjectMembers(members, NOWHERE));
    await machine().addObject(spec);
    return `/objects/${spec.id}`;
  };
  return defineCommand({
    name: 'object-add',
    allowPreconfig: true,
    arguments: [
      { name: 'qom-type', type: { values: TYPE_NAMES } },
      { name: 'id', type: 'str' },
    ],
    allowOthers: true,
    run: async (context, { 'qom-type': typeName }, all) => {
      const takesFd = findObjectType(typeName)?.properties.some(({ type }) => type.kind === 'fd') ?? false;
      await (takesFd ? withPassedFd(all, context, state.fds, add) : add(all));
      return undefined;
    },
  });
};

const objectDel = ({ machine, state }: MachineHost): QmpCommand =>
  defineCommand({
    name: 'object-del',
    allowPreconfig: true,
    arguments: [{ name: 'id', type: 'str' }],
    run: async (_context, { id }) => {
      await machine().removeObject(id);
      state.fds.close(`/objects/${id}`);
      return undefined;
    },
  });

/** qom/qom-qmp-cmds.c */
export const objectCommands = (host: MachineHost): readonly QmpCommand[] => [objectAdd(host), objectDel(host)];
