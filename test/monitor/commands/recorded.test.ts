import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { MonitoredMachine, type Reply } from './monitored-machine.ts';

interface RecordedEvent {
  readonly event: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

interface Exchange {
  readonly session: string;
  readonly step: number;
  readonly request: { readonly execute: string; readonly arguments?: Readonly<Record<string, unknown>> };
  readonly response: Reply & { readonly truncated?: boolean };
  readonly scm_rights?: readonly string[];
  readonly events?: readonly RecordedEvent[];
}

const FILE = path.resolve(import.meta.dirname, '../../../../shared/peers/qemu-qmp-cases.jsonl');

const missing = existsSync(FILE) ? undefined : 'no file ../shared/peers/qemu-qmp-cases.jsonl beside the project';

const isExchange = (row: object): row is Exchange => 'step' in row;

const recorded = (session: string): readonly Exchange[] =>
  missing === undefined
    ? readFileSync(FILE, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line): object => JSON.parse(line))
        .filter(isExchange)
        .filter((row) => row.session === session)
    : [];

const IDENTIFIED = 'an fd is looked at before it is used; QEMU takes /dev/null';
const KEPT = 'a failed command consumes nothing; in QEMU the name is gone';
const OTHER_DEVICE = 'QEMU plugs a device that it emulates';
const NO_GUEST = 'there is no vCPU';

/** Where we differ, and why. */
const DIFFERENT: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  qom: { 15: IDENTIFIED, 27: 'the recording is cut off' },
  fd: { 16: KEPT },
  device: {
    1: OTHER_DEVICE,
    2: OTHER_DEVICE,
    7: 'root ports are not of our types',
    13: IDENTIFIED,
    14: KEPT,
    15: KEPT,
    17: KEPT,
    18: 'the bus of the built-in machine takes devices at any time',
    19: 'the root port that has the id is not there',
    22: OTHER_DEVICE,
    23: OTHER_DEVICE,
    25: OTHER_DEVICE,
    26: OTHER_DEVICE,
    27: OTHER_DEVICE,
    29: OTHER_DEVICE,
    30: OTHER_DEVICE,
    31: OTHER_DEVICE,
    32: OTHER_DEVICE,
    33: 'the unplug that the reset completes did not take place',
    34: OTHER_DEVICE,
    35: NO_GUEST,
    36: NO_GUEST,
    38: NO_GUEST,
  },
};

/** The same request for our machine: its bus has another name, its type too. */
const ours = ({ request }: Exchange): object => {
  const { bus, ...others } = request.arguments ?? {};
  return bus === 'rp0' ? others : (request.arguments ?? {});
};

/** Lists and objects may hold more: ours have guest RAM and properties that QEMU 10 does not have. Order is QEMU's hash order. */
const atLeast = (expected: unknown): unknown => {
  if (Array.isArray(expected)) {
    return expected.length === 0 ? expected : expect.arrayContaining(expected.map(atLeast));
  }
  return typeof expected === 'object' && expected !== null ? expect.objectContaining(expected) : expected;
};

const machineName = (expected: Reply): Reply => JSON.parse(JSON.stringify(expected).replace('none-machine', 'bare-machine'));

const START: Readonly<Record<string, string>> = {
  qom: '-m 64M -object iommufd,id=i0',
  fd: '-m 64M',
  device: '-m 64M -object iommufd,id=i0',
};

/** In the recording both are /dev/null. */
const sentNodes: Readonly<Record<string, readonly [string, 'iommufd' | 'vfio-container']>> = {
  fd: ['/dev/iommu', 'iommufd'],
  device: ['/dev/vfio/vfio', 'vfio-container'],
};

if (missing !== undefined) test.skip(`recorded cases are not here: ${missing}`, () => {});

describe.runIf(missing === undefined).each(Object.keys(START))("QEMU's recorded session %s", (session) => {
  let machine: MonitoredMachine;

  beforeAll(async () => {
    machine = await MonitoredMachine.start(START[session], { name: undefined });
  });

  test.each(
    recorded(session)
      .slice(1)
      .map((exchange) => [exchange.step, exchange.request.execute, exchange] as const),
  )('%i: %s gets the same reply', async (step, execute, exchange) => {
    machine.events.length = 0;
    const [node, kind] = sentNodes[session] ?? ['/dev/iommu', 'iommufd'];
    const fds = (exchange.scm_rights ?? []).map(() => machine.open(node, kind));
    const reply = await machine.run(execute, ours(exchange), fds);
    if (DIFFERENT[session]?.[step] !== undefined) return;
    const wanted = machineName(exchange.response);
    expect(reply).toEqual('return' in wanted ? { return: atLeast(wanted.return) } : wanted);
    expect(machine.events).toEqual(exchange.events ?? []);
  });
});
