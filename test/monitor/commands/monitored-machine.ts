import type { FdKind, HostModel } from '../../../src/host/model.ts';
import type { FdCalls } from '../../../src/kernel/fd-calls.ts';
import { openFdReference } from '../../../src/kernel/fd-reference.ts';
import { FdSets } from '../../../src/kernel/fd-sets.ts';
import { createSimulatedKernel, type SimulatedKernel } from '../../../src/kernel/simulated/simulated-kernel.ts';
import { BareMachine } from '../../../src/machine/bare-machine.ts';
import { LiveMachine } from '../../../src/machine/live-machine.ts';
import { createCommandTable } from '../../../src/monitor/command-table.ts';
import { FD_COMMANDS } from '../../../src/monitor/commands/fds.ts';
import { protocolCommands } from '../../../src/monitor/commands/protocol.ts';
import type { QmpEvent } from '../../../src/monitor/events.ts';
import { createMachineState, machineCommands } from '../../../src/monitor/machine-commands.ts';
import { MACHINE_EVENTS } from '../../../src/monitor/machine-events.ts';
import type { MachineHost } from '../../../src/monitor/machine-host.ts';
import { NamedFds } from '../../../src/monitor/named-fds.ts';
import { PendingFds } from '../../../src/monitor/pending-fds.ts';
import { QmpSession } from '../../../src/monitor/qmp-session.ts';
import { Turns } from '../../../src/monitor/turns.ts';
import { parseJson } from '../../../src/options/json.ts';
import type { Problem } from '../../../src/errors/problem.ts';
import { planJson } from '../../../src/report/plan-json.ts';
import { WORKSTATION } from '../../plan/hosts.ts';
import { DEFAULTS, planOf } from '../../plan/planning.ts';

export interface Reply {
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
}

interface SentFd {
  readonly number: number;
  readonly kind: FdKind;
  readonly address?: string;
}

const O_RDWR = 2;

/** A machine on the simulated kernel, a client that has negotiated, and the kernel behind both. */
export class MonitoredMachine {
  readonly kernel: SimulatedKernel;
  readonly live: LiveMachine;
  readonly events: QmpEvent[] = [];
  readonly warnings: Problem[] = [];
  readonly namedFds = new NamedFds();
  readonly #sent = new Map<number, SentFd>();
  readonly #paths = new Map<number, string>();
  readonly #replies: Reply[] = [];
  readonly #session: QmpSession;

  private constructor(kernel: SimulatedKernel, bare: BareMachine, host: HostModel, changes: Partial<MachineHost>) {
    this.kernel = kernel;
    this.live = new LiveMachine(bare, { settings: DEFAULTS, readHost: () => this.#facts(host) });
    const machineHost: MachineHost = {
      machine: () => this.live,
      state: createMachineState({ startsPaused: true, preconfig: false }),
      plugWaiting: () => Promise.resolve(),
      startsPaused: true,
      name: 'guest',
      uuid: undefined,
      chardevs: () => [{ label: 'compat_monitor0', filename: 'unix:/run/qmp.sock,server=on' }],
      planJson: (plan) => parseJson(JSON.stringify(planJson(plan))),
      closeFd: (fd) => kernel.close(fd),
      warn: (problem) => this.warnings.push(problem),
      ...changes,
    };
    const calls: FdCalls = {
      close: (fd) => kernel.close(fd),
      duplicate: (fd) => this.#reopen(fd),
      accessMode: () => O_RDWR,
    };
    const fdSets = new FdSets(calls);
    const commands = [...protocolCommands('1.0.0'), ...FD_COMMANDS, ...machineCommands(machineHost)];
    this.#session = new QmpSession(
      {
        table: createCommandTable(commands, MACHINE_EVENTS),
        turns: new Turns(Promise.resolve()),
        fdSets,
        openFdReference: (reference) =>
          openFdReference(reference, {
            listenFds: [],
            receive: () => Promise.reject(new Error('there is no broker')),
            fdSets,
            close: calls.close,
          }),
        version: '1.0.0',
        isPreconfig: () => false,
        emit: (event) => this.events.push(event),
      },
      {
        send: (text) => this.#replies.push(JSON.parse(text)),
        gather: (text) => this.#replies.push(JSON.parse(text)),
        onRoom: () => undefined,
        pendingFds: new PendingFds(calls),
        namedFds: this.namedFds,
        pretty: false,
      },
    );
  }

  /** @param changes to what the machine says about itself */
  static async start(
    line = '-m 64M',
    changes: Partial<MachineHost> = {},
    host: HostModel = WORKSTATION,
  ): Promise<MonitoredMachine> {
    const kernel = createSimulatedKernel(host);
    const bare = await BareMachine.attach(planOf(line, host), kernel, () => host);
    const monitored = new MonitoredMachine(kernel, bare, host, changes);
    await monitored.run('qmp_capabilities');
    return monitored;
  }

  /** Facts with the fds that are open now, as reading the host gives them. */
  #facts(host: HostModel): HostModel {
    const open = [...this.#sent.values()].map(({ number, kind, address }) => [
      String(number),
      { kind, ...(address !== undefined && { address }) },
    ]);
    return { ...host, fds: Object.fromEntries(open) };
  }

  /** Opens a node for the client, which is about to send the fd. */
  open(path: string, kind: FdKind, address?: string): number {
    const number = this.kernel.open(path, { write: true });
    this.#paths.set(number, path);
    this.#sent.set(number, { number, kind, ...(address !== undefined && { address }) });
    return number;
  }

  #reopen(fd: number): number {
    const original = this.#sent.get(fd);
    return this.open(this.#paths.get(fd) ?? '', original?.kind ?? 'other', original?.address);
  }

  /** @param fds sent along. @returns the reply, once it is there; unplugs are over then too */
  async run(execute: string, parameters: object = {}, fds: readonly number[] = []): Promise<Reply> {
    const before = this.#replies.length;
    const bytes = Buffer.from(JSON.stringify({ execute, arguments: parameters }));
    this.#session.receive({ bytes, fds, truncated: false });
    while (this.#replies.length === before) await new Promise(setImmediate);
    return this.#replies.at(-1) ?? {};
  }

  /** Until devices that were asked to leave have left. */
  async settle(): Promise<void> {
    await new Promise(setImmediate);
    await this.live.resetDevices();
    await new Promise(setImmediate);
  }

  names(): readonly string[] {
    return this.events.map(({ event }) => event);
  }

  /** Ends everything. @returns what is left in the kernel */
  async end(): Promise<readonly string[]> {
    await this.settle();
    await this.live.detach();
    this.#session.close();
    this.namedFds.closeAll();
    return this.kernel.leftovers();
  }
}
