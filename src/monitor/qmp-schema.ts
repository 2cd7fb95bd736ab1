import type { CommandTable, QmpCommand } from './command-table.ts';
import type { EventType } from './events.ts';
import type { JsonRecord } from './json-text.ts';
import type { QmpMember, QmpType } from './qmp-type.ts';

const BUILTINS = [
  { name: 'str', json: 'string' },
  { name: 'any', json: 'value' },
  { name: 'bool', json: 'boolean' },
  { name: 'int', json: 'int' },
  { name: 'number', json: 'number' },
] as const;

/** The types of a schema, each under the number that it was given when it was first met. */
class TypeNames {
  readonly #names = new Map<string, string>();
  #numbers = 0;
  readonly entries: JsonRecord[] = [];

  nameOf(type: QmpType): string {
    if (typeof type === 'string') return type;
    if ('list' in type) return this.#nameOfList(type.list);
    return this.#numbered(JSON.stringify(type), (name) =>
      'values' in type
        ? { name, 'meta-type': 'enum', members: type.values.map((value) => ({ name: value })), values: type.values }
        : { name, 'meta-type': 'object', members: type.members.map((member) => this.#member(member)) },
    );
  }

  #nameOfList(item: QmpType): string {
    const element = this.nameOf(item);
    const name = `[${element}]`;
    if (!this.#names.has(name)) {
      this.#names.set(name, name);
      this.entries.push({ name, 'meta-type': 'array', 'element-type': element });
    }
    return name;
  }

  #numbered(key: string, describe: (name: string) => JsonRecord): string {
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const name = String(this.#numbers);
    this.#numbers += 1;
    this.#names.set(key, name);
    this.entries.push(describe(name));
    return name;
  }

  #member({ name, type, optional = false }: QmpMember): JsonRecord {
    return { name, type: this.nameOf(type), default: optional ? null : undefined };
  }
}

const EMPTY = { members: [] };

const commandEntry = (command: QmpCommand, types: TypeNames): JsonRecord => ({
  name: command.name,
  'meta-type': 'command',
  'arg-type': types.nameOf({ members: command.arguments }),
  'ret-type': types.nameOf(command.returns ?? EMPTY),
  'allow-oob': command.oob === true ? true : undefined,
  features: command.features,
});

const eventEntry = ({ name, data }: EventType, types: TypeNames): JsonRecord => ({
  name,
  'meta-type': 'event',
  'arg-type': types.nameOf({ members: data }),
});

/**
 * What query-qmp-schema returns: SchemaInfo of qapi/introspect.json. Types are masked by numbers, since their names are no interface;
 * `0` is the empty object.
 */
export const qmpSchema = ({ commands, events }: CommandTable): readonly JsonRecord[] => {
  const types = new TypeNames();
  types.nameOf(EMPTY);
  const entries = [
    ...[...commands.values()].map((command) => commandEntry(command, types)),
    ...events.map((event) => eventEntry(event, types)),
  ];
  const builtins = BUILTINS.map(({ name, json }) => ({ name, 'meta-type': 'builtin', 'json-type': json }));
  return [...entries, ...types.entries, ...builtins];
};
