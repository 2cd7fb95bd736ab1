import { failure } from '../errors/problem.ts';
import type { JsonObject } from '../options/json-value.ts';
import type { EventType, QmpEvent } from './events.ts';
import type { OpenFdReference } from '../kernel/fd-reference.ts';
import type { FdSets } from '../kernel/fd-sets.ts';
import type { JsonOutput } from './json-text.ts';
import type { NamedFds } from './named-fds.ts';
import type { PendingFds } from './pending-fds.ts';
import type { QmpMember, QmpType, ValueOf } from './qmp-type.ts';
import { readArguments } from './read-arguments.ts';

/** What a command can see of the client that gave it. */
export interface CommandContext {
  readonly table: CommandTable;
  readonly pendingFds: PendingFds;
  readonly namedFds: NamedFds;
  readonly fdSets: FdSets;
  /** What `fd=` names otherwise than by number or by `getfd`. */
  readonly openFdReference: OpenFdReference;
  readonly negotiation: Negotiation;
  /** Tells every client. */
  readonly emit: (event: QmpEvent) => void;
}

/** What a client and the monitor have agreed on. */
export interface Negotiation {
  done: boolean;
  /** The client may send `exec-oob`. */
  outOfBand: boolean;
}

/** A reply without anything, and an event that every client is told after it: whoever gave the command waits for the reply. */
export class EventAfterReply {
  readonly event: () => QmpEvent;

  constructor(event: () => QmpEvent) {
    this.event = event;
  }
}

/** Nothing is sent as the empty object. */
export type CommandResult = JsonOutput | EventAfterReply | undefined;

interface CommandDescription<Members extends readonly QmpMember[]> {
  readonly name: string;
  readonly arguments: Members;
  /** Arguments that the table does not name are allowed (`gen: false` in QEMU's schema). */
  readonly allowOthers?: boolean;
  /** The command looks at its arguments itself; the table only describes them. */
  readonly readsItself?: boolean;
  /** Without it the command returns the empty object. */
  readonly returns?: QmpType;
  readonly features?: readonly string[];
  /** It can run before the machine is made. */
  readonly allowPreconfig?: boolean;
  /** It can be given with `exec-oob`; then it must not wait for anything. */
  readonly oob?: boolean;
}

interface CommandDefinition<Members extends readonly QmpMember[]> extends CommandDescription<Members> {
  /**
   * Never runs while another command does, out-of-band ones apart.
   * @param all every argument as it was sent, for commands with `allowOthers`
   * @throws CommandError, VmattachError
   */
  readonly run: (
    context: CommandContext,
    values: ValueOf<{ readonly members: Members }>,
    all: JsonObject,
  ) => CommandResult | Promise<CommandResult>;
}

/** A command whose arguments are checked when it is run. */
export interface QmpCommand extends CommandDescription<readonly QmpMember[]> {
  readonly run: (context: CommandContext, given: JsonObject) => CommandResult | Promise<CommandResult>;
}

/** A row of the table; the types of the argument values follow from the row. */
export const defineCommand = <const Members extends readonly QmpMember[]>(command: CommandDefinition<Members>): QmpCommand => ({
  ...command,
  run: (context, given) => {
    // readArguments has checked each value against the type from which ValueOf computes its own.
    const members = command.readsItself === true ? [] : command.arguments;
    const values = readArguments(given, members, command.allowOthers ?? false) as ValueOf<{ readonly members: Members }>;
    return command.run(context, values, given);
  },
});

/** All commands by name, and the events beside them. */
export interface CommandTable {
  readonly commands: ReadonlyMap<string, QmpCommand>;
  readonly events: readonly EventType[];
}

/** @throws INTERNAL for two commands of one name */
export const createCommandTable = (commands: readonly QmpCommand[], events: readonly EventType[]): CommandTable => {
  const byName = new Map(commands.map((command) => [command.name, command]));
  if (byName.size !== commands.length) throw failure('INTERNAL', 'two QMP commands have the same name');
  return { commands: byName, events };
};
