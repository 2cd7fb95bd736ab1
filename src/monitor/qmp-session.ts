import type { ReceivedMessage } from '../kernel/fd-calls.ts';
import type { JsonValue } from '../options/json-value.ts';
import { CommandError, errorReply, refused } from './command-error.ts';
import { EventAfterReply, type CommandContext, type CommandResult, type CommandTable } from './command-table.ts';
import type { QmpEvent } from './events.ts';
import type { OpenFdReference } from '../kernel/fd-reference.ts';
import type { FdSets } from '../kernel/fd-sets.ts';
import { JsonStream, type JsonInput } from './json-stream.ts';
import { jsonLine, type JsonRecord } from './json-text.ts';
import type { NamedFds } from './named-fds.ts';
import type { PendingFds } from './pending-fds.ts';
import { idOf, isOutOfBand, readCall, type CommandCall } from './qmp-message.ts';
import type { Turns } from './turns.ts';
import { versionInfo } from './version-info.ts';

/** QEMU reads ahead of the command that runs only for clients that may overtake it (monitor/qmp.c QMP_REQ_QUEUE_LEN_MAX). */
const MOST_REQUESTS = 8;

/** What the sessions of a program have in common. */
export interface MonitorState {
  readonly table: CommandTable;
  readonly turns: Turns;
  readonly fdSets: FdSets;
  readonly openFdReference: OpenFdReference;
  /** The version of vmattach. */
  readonly version: string;
  /** Whether the machine is still to be made: only some commands run then. */
  readonly isPreconfig: () => boolean;
  readonly emit: (event: QmpEvent) => void;
}

/** One connection of a monitor. */
export interface SessionClient {
  /** What was gathered goes out before it. */
  readonly send: (text: string) => void;
  /** Goes out with what is sent next, or soon by itself. */
  readonly gather: (text: string) => void;
  /** More input is wanted again. */
  readonly onRoom: () => void;
  readonly pendingFds: PendingFds;
  readonly namedFds: NamedFds;
  readonly pretty: boolean;
}

const NEGOTIATION = 'qmp_capabilities';

/**
 * The protocol state of one client (monitor/qmp.c, qapi/qmp-dispatch.c): greeting, negotiation, requests answered strictly in order,
 * events. It does no I/O of its own.
 */
export class QmpSession {
  readonly #state: MonitorState;
  readonly #client: SessionClient;
  readonly #context: CommandContext;
  readonly #stream = new JsonStream();
  readonly #requests: JsonInput[] = [];
  /** A request was taken and is not answered yet. */
  #running = false;
  #closed = false;

  constructor(state: MonitorState, client: SessionClient) {
    this.#state = state;
    this.#client = client;
    const { table, fdSets, openFdReference, emit } = state;
    const { pendingFds, namedFds } = client;
    this.#context = { table, pendingFds, namedFds, fdSets, openFdReference, negotiation: { done: false, outOfBand: false }, emit };
    this.#send({ QMP: { version: versionInfo(state.version), capabilities: ['oob'] } });
  }

  /** Whether to read on. Without it input waits where it is, and with it the fds that come with it. */
  get acceptsInput(): boolean {
    return !this.#closed && this.#requests.length + (this.#running ? 1 : 0) < this.#mostRequests();
  }

  /** Bytes must not change any more. */
  receive(message: ReceivedMessage): void {
    this.#client.pendingFds.receive(message);
    this.#stream.write(message.bytes);
    this.#readAhead();
    void this.#answerAll();
  }

  /** Clients that have not negotiated are told of nothing. */
  tell(event: JsonRecord): void {
    if (this.#context.negotiation.done && !this.#closed) this.#client.gather(this.#line(event));
  }

  /** The client is gone: what runs is finished for nobody, what waits is dropped. */
  close(): void {
    this.#closed = true;
    this.#requests.length = 0;
    this.#client.pendingFds.close();
  }

  #mostRequests(): number {
    return this.#context.negotiation.outOfBand ? MOST_REQUESTS : 1;
  }

  /** Takes messages out of the stream as far as there is room; those out of band are answered at once. */
  #readAhead(): void {
    while (this.acceptsInput) {
      const input = this.#stream.next();
      if (input === undefined) return;
      if ('value' in input && isOutOfBand(input.value)) {
        void this.#answer(input);
      } else {
        this.#requests.push(input);
      }
    }
  }

  async #answerAll(): Promise<void> {
    if (this.#running) return;
    for (let input = this.#requests.shift(); input !== undefined; input = this.#requests.shift()) {
      const request = input;
      this.#running = true;
      const ran = await this.#state.turns.take(() => this.#answer(request));
      if (!ran) return;
      this.#running = false;
      this.#readAhead();
      if (this.acceptsInput) this.#client.onRoom();
    }
  }

  async #answer(input: JsonInput): Promise<void> {
    const id = 'value' in input ? idOf(input.value) : undefined;
    let result: CommandResult;
    try {
      if ('error' in input) throw input.error;
      result = await this.#run(input.value);
    } catch (error) {
      this.#send({ error: { ...errorReply(error) }, id });
      return;
    }
    if (result instanceof EventAfterReply) {
      this.#send({ return: {}, id });
      this.#state.emit(result.event());
    } else {
      this.#send({ return: result ?? {}, id });
    }
  }

  #run(message: JsonValue): CommandResult | Promise<CommandResult> {
    const call = readCall(message, this.#context.negotiation.outOfBand);
    const command = this.#find(call);
    if (call.outOfBand && command.oob !== true) throw refused(`The command ${call.command} does not support OOB`);
    if (this.#state.isPreconfig() && command.allowPreconfig !== true) {
      throw refused(`The command '${call.command}' is permitted only after machine initialization has completed`);
    }
    return command.run(this.#context, call.arguments);
  }

  #find({ command: name }: CommandCall) {
    const { table, negotiation } = this.#context;
    if (!negotiation.done && name !== NEGOTIATION) {
      throw new CommandError('CommandNotFound', `Expecting capabilities negotiation with '${NEGOTIATION}'`);
    }
    const command = table.commands.get(name);
    if (command === undefined) throw new CommandError('CommandNotFound', `The command ${name} has not been found`);
    return command;
  }

  #send(reply: JsonRecord): void {
    if (!this.#closed) this.#client.send(this.#line(reply));
  }

  #line(message: JsonRecord): string {
    return jsonLine(message, this.#client.pretty);
  }
}
