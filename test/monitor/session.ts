import { createCommandTable, defineCommand, type QmpCommand } from '../../src/monitor/command-table.ts';
import { FD_COMMANDS } from '../../src/monitor/commands/fds.ts';
import { protocolCommands } from '../../src/monitor/commands/protocol.ts';
import { MONITOR_EVENTS } from '../../src/monitor/events.ts';
import { NamedFds } from '../../src/monitor/named-fds.ts';
import { PendingFds } from '../../src/monitor/pending-fds.ts';
import { QmpSession } from '../../src/monitor/qmp-session.ts';
import { Turns } from '../../src/monitor/turns.ts';
import { FdSets } from '../../src/kernel/fd-sets.ts';
import { FakeFds } from './fake-fds.ts';

/** Commands whose replies are recorded, and one that ends when it is told to. */
export const COMMANDS: readonly QmpCommand[] = [
  defineCommand({ name: 'query-status', arguments: [], run: () => ({ status: 'prelaunch', running: false }) }),
  defineCommand({ name: 'query-name', arguments: [], allowPreconfig: true, run: () => undefined }),
];

export interface Reply {
  readonly QMP?: unknown;
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
  readonly id?: unknown;
  readonly event?: string;
}

/** A session without a socket: bytes go in, messages come out. */
export class TestSession {
  readonly fds = new FakeFds();
  readonly said: Reply[] = [];
  readonly session: QmpSession;
  isPreconfig = false;
  rooms = 0;

  constructor(commands: readonly QmpCommand[] = COMMANDS, turns = new Turns(Promise.resolve())) {
    const fdSets = new FdSets(this.fds);
    this.session = new QmpSession(
      {
        table: createCommandTable([...protocolCommands('1.0.0'), ...FD_COMMANDS, ...commands], MONITOR_EVENTS),
        turns,
        fdSets,
        openFdReference: () => Promise.reject(new Error('there are no references')),
        version: '1.0.0',
        isPreconfig: () => this.isPreconfig,
        emit: (event) => this.session.tell({ ...event }),
      },
      {
        send: (text) => this.said.push(JSON.parse(text)),
        gather: (text) => this.said.push(JSON.parse(text)),
        onRoom: () => {
          this.rooms += 1;
        },
        pendingFds: new PendingFds(this.fds),
        namedFds: new NamedFds(),
        pretty: false,
      },
    );
  }

  /** @param fds how many go with the bytes */
  send(text: string | Uint8Array, fds = 0): void {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text;
    this.session.receive({ bytes, fds: Array.from({ length: fds }, () => this.fds.sent()), truncated: false });
  }

  /** What is said about some text, once everything is. */
  async ask(text: string | Uint8Array, fds = 0): Promise<readonly Reply[]> {
    this.said.length = 0;
    this.send(text, fds);
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    return [...this.said];
  }
}
