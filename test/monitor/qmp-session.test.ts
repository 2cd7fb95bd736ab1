import fc from 'fast-check';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { defineCommand, EventAfterReply } from '../../src/monitor/command-table.ts';
import { Turns } from '../../src/monitor/turns.ts';
import { COMMANDS, TestSession } from './session.ts';

const json = (message: unknown): string => JSON.stringify(message);

describe('QmpSession', () => {
  let session: TestSession;
  beforeEach(() => {
    session = new TestSession();
  });

  const negotiate = (enable?: readonly string[]) =>
    session.ask(json({ execute: 'qmp_capabilities', ...(enable !== undefined && { arguments: { enable } }) }));

  test('greets with the version and the capability that clients look for', () => {
    expect(session.said).toEqual([
      { QMP: { version: { qemu: { major: 10, minor: 0, micro: 2 }, package: 'vmattach 1.0.0' }, capabilities: ['oob'] } },
    ]);
  });

  test('tells nothing before the negotiation', async () => {
    session.session.tell({ event: 'STOP' });
    expect(session.said).toHaveLength(1);
    await negotiate();
    session.session.tell({ event: 'STOP' });
    expect(session.said.at(-1)).toEqual({ event: 'STOP' });
  });

  test('answers in order, however the commands come', async () => {
    await negotiate();
    const commands = [1, 'two', null, { three: [3] }].map((id) => json({ execute: 'query-name', id })).join('');
    expect((await session.ask(commands)).map(({ id }) => id)).toEqual([1, 'two', null, { three: [3] }]);
  });

  test('runs only some commands before the machine is made', async () => {
    await negotiate();
    session.isPreconfig = true;
    const [status, name] = await session.ask(json({ execute: 'query-status' }) + json({ execute: 'query-name' }));
    expect(status?.error?.desc).toBe("The command 'query-status' is permitted only after machine initialization has completed");
    expect(name).toEqual({ return: {} });
  });

  test('reads no further than the command that runs', async () => {
    let end = (): void => undefined;
    const wait = defineCommand({
      name: 'wait',
      arguments: [],
      run: () =>
        new Promise<undefined>((resolve) => {
          end = () => resolve(undefined);
        }),
    });
    session = new TestSession([...COMMANDS, wait]);
    await negotiate();
    await session.ask(json({ execute: 'wait' }));
    expect(session.session.acceptsInput).toBe(false);
    const before = session.rooms;
    end();
    await session.ask('');
    expect(session.session.acceptsInput).toBe(true);
    expect(session.rooms).toBe(before + 1);
  });

  test('with out-of-band commands it reads eight ahead', async () => {
    const turns = new Turns(new Promise(() => undefined));
    session = new TestSession(COMMANDS, turns);
    session.send(json({ execute: 'qmp_capabilities' }));
    expect(session.session.acceptsInput).toBe(false);
  });

  test('an event may follow the reply of a command, and comes before the next one runs', async () => {
    const plug = defineCommand({ name: 'plug', arguments: [], run: () => new EventAfterReply(() => ({ event: 'PLUGGED' })) });
    session = new TestSession([...COMMANDS, plug]);
    await negotiate();
    const said = await session.ask(json({ execute: 'plug', id: 1 }) + json({ execute: 'query-name', id: 2 }));
    expect(said).toEqual([{ return: {}, id: 1 }, { event: 'PLUGGED' }, { return: {}, id: 2 }]);
  });

  test('a client that is gone gets nothing, and its fds are closed', async () => {
    await negotiate();
    session.send('', 2);
    session.session.close();
    expect(session.fds.open.size).toBe(0);
    expect(await session.ask(json({ execute: 'query-name' }))).toEqual([]);
  });

  test('fds go to the command that comes next, whichever message brought them', async () => {
    await negotiate();
    await session.ask(json({ execute: 'query-name' }), 1);
    const [reply] = await session.ask(json({ execute: 'getfd', arguments: { fdname: 'late' } }));
    expect(reply).toEqual({ return: {} });
    expect(session.fds.open.size).toBe(1);
  });

  test('any bytes: errors at most, and a session that works afterwards', async () => {
    await negotiate();
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"execute"',
      '"query-name"',
      "'id'",
      '"',
      '\\',
      '1',
      'true',
      '\n',
      '\xff',
      '\x01',
    );
    const bytes = fc.oneof(
      fc.array(piece, { maxLength: 30 }).map((parts) => Buffer.from(parts.join(''), 'latin1')),
      fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array)),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (sent) => {
        const said = await session.ask(
          Buffer.concat([sent, Buffer.from([0xff]), Buffer.from(json({ execute: 'query-name', id: 'next' }))]),
        );
        expect(said.at(-1)).toEqual({ return: {}, id: 'next' });
        for (const { error } of said.slice(0, -1)) {
          if (error !== undefined) expect(['GenericError', 'CommandNotFound']).toContain(error.class);
        }
      }),
      { numRuns: 300 },
    );
  });
});

interface Exchange {
  readonly session: string;
  readonly step?: number;
  readonly request?: unknown;
  /** Bytes as Latin-1. */
  readonly raw?: string;
  readonly response: unknown;
}

const FILE = path.resolve(import.meta.dirname, '../../../shared/peers/qemu-qmp-cases.jsonl');
const missing = existsSync(FILE) ? undefined : 'no file ../shared/peers/qemu-qmp-cases.jsonl beside the project';

const recorded = (name: string): readonly Exchange[] =>
  missing === undefined
    ? readFileSync(FILE, 'utf8')
        .trim()
        .split('\n')
        .map((line): Exchange => JSON.parse(line))
        .filter(({ session, step }) => session === name && step !== undefined)
    : [];

if (missing !== undefined) test.skip(`recorded cases are not here: ${missing}`, () => {});

describe.runIf(missing === undefined).each(['protocol', 'protocol-oob'])("QEMU's recorded session %s", (name) => {
  test('gets the same replies, from the first to the last', async () => {
    const session = new TestSession();
    for (const { request, raw, response } of recorded(name)) {
      const sent = raw === undefined ? Buffer.from(json(request)) : Buffer.from(raw, 'latin1');
      expect({ sent: sent.toString(), said: await session.ask(sent) }).toEqual({ sent: sent.toString(), said: [response] });
    }
  });
});
