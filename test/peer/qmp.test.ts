import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SCRIPTS, type Case, type Likeness } from './qmp-cases.ts';
import { startQemu, startVmattach, type Message, type QmpPeer } from './qmp-peer.ts';

const OPTIONS = ['-object', 'iommufd,id=i0', '-m', '64M', '-name', 'peer', '-uuid', '12345678-1234-1234-1234-123456789abc'];

interface Answer {
  readonly reply: Message;
  readonly events: readonly Message[];
}

const untimed = ({ reply, events }: Answer): unknown => ({ reply, events: events.map(({ event, data }) => ({ event, data })) });

/** The names and types of what is there, with one description for all items of a list. */
const shapeOf = (value: unknown): unknown => {
  if (Array.isArray(value))
    return [...new Set(value.map((item) => JSON.stringify(Array.isArray(item) ? shapeOf(item) : typeof item)))];
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted()
      .map(([name, member]) => [name, shapeOf(member)]),
  );
};

const classOf = ({ reply }: Answer): string | undefined => reply.error?.class;

const LIKENESS: Readonly<Record<Likeness, (answer: Answer) => unknown>> = {
  same: untimed,
  shape: ({ reply }) => shapeOf(reply),
  class: classOf,
};

/** The built-in machine has one bus, which takes devices at any time. */
const onOurBus = ({ arguments: given, ...others }: Case): Case => {
  const { bus, ...parameters } = (given ?? {}) as { readonly bus?: string };
  return bus === 'rp0' ? { ...others, arguments: parameters } : { ...others, ...(given !== undefined && { arguments: given }) };
};

const title = ({ execute, arguments: parameters, file, like }: Case): string =>
  `${execute} ${parameters === undefined ? '' : JSON.stringify(parameters)}${file === undefined ? '' : ' with an fd'} (${like})`;

describe.each(SCRIPTS)('the same script for QEMU ($machine) and vmattach: $name', ({ machine, cases, start = [] }) => {
  let qemu: QmpPeer;
  let vmattach: QmpPeer;

  beforeAll(async () => {
    const ports = machine === 'q35' ? ['-device', 'pcie-root-port,id=rp0,chassis=1'] : [];
    qemu = await startQemu(machine, [...OPTIONS, ...ports, ...start]);
    vmattach = await startVmattach([...OPTIONS, ...start]);
    for (const peer of [qemu, vmattach]) await peer.negotiate();
  });
  afterAll(async () => {
    for (const peer of [qemu, vmattach]) await peer.stop();
  });

  test.each(cases.map((one, index) => [`${index}: ${title(one)}`, one] as const))('%s', async (_title, one) => {
    const { file, like = 'same', ...message } = one;
    const theirs = await qemu.ask(message, file);
    const { file: _file, like: _like, ...our } = onOurBus(one);
    const ours = await vmattach.ask(our, file);
    expect(LIKENESS[like](ours)).toEqual(LIKENESS[like](theirs));
    expect(classOf(ours)).toBe(classOf(theirs));
  });
});

describe('the protocol', () => {
  let qemu: QmpPeer;
  let vmattach: QmpPeer;

  beforeAll(async () => {
    qemu = await startQemu('none', OPTIONS);
    vmattach = await startVmattach(OPTIONS);
  });
  beforeEach(async () => {
    for (const peer of [qemu, vmattach]) await peer.connect();
  });
  afterAll(async () => {
    for (const peer of [qemu, vmattach]) await peer.stop();
  });

  const negotiate = async (capabilities: readonly string[] = []): Promise<void> => {
    for (const peer of [qemu, vmattach]) await peer.negotiate(capabilities);
  };

  const saysTheSame = async (bytes: Uint8Array): Promise<void> => {
    expect(await vmattach.say(bytes)).toEqual(await qemu.say(bytes));
  };

  const asksTheSame = async (message: unknown): Promise<void> => {
    expect(untimed(await vmattach.ask(message))).toEqual(untimed(await qemu.ask(message)));
  };

  test('the installed QEMU is one that this is a peer of', () => {
    expect(qemu.greeting.QMP?.version.qemu.major).toBeGreaterThanOrEqual(9);
    expect(shapeOf(vmattach.greeting)).toEqual(shapeOf(qemu.greeting));
  });

  test.each([
    { execute: 'query-status' },
    { execute: 'nosuch' },
    { execute: 'qmp_capabilities', arguments: { enable: ['nosuch'] } },
    { execute: 'qmp_capabilities', arguments: { enable: 'oob' } },
    { execute: 'qmp_capabilities', arguments: { enable: [5] } },
    { execute: 'qmp_capabilities', arguments: { x: 1 } },
  ])('before the negotiation: %j', async (message) => {
    await asksTheSame(message);
  });

  test.each([
    { execute: 'qmp_capabilities' },
    { execute: 5 },
    { arguments: {} },
    {},
    { execute: 'query-status', id: { a: [1, 'x', null, 1.5, true] } },
    { execute: 'query-status', arguments: [], id: 1 },
    { execute: 'query-status', foo: 1, id: 'a' },
    { execute: 'nosuch', id: 2 },
    { 'exec-oob': 'query-status' },
    { execute: 'query-status', 'exec-oob': 'query-status' },
    { execute: 'query-status', id: '\u00e4\ud83d\ude00\u0000' },
    { execute: 'query-status', id: 18_446_744_073_709_551_616 },
  ])('after it: %j', async (message) => {
    await negotiate();
    await asksTheSame(message);
  });

  test.each([
    { 'exec-oob': 'query-status', id: 7 },
    { 'exec-oob': 'nosuch', id: 7 },
    { 'exec-oob': 5, id: 7 },
    { execute: 'query-status', 'exec-oob': 'query-status' },
    { execute: 'query-status', id: 1 },
  ])('with out-of-band commands: %j', async (message) => {
    await negotiate(['oob']);
    await asksTheSame(message);
  });

  const MALFORMED = [
    ...['{]', '{\xff', '{\x01', "{'bad \xff", "{'bad \x01", '%%p', 'null', '[1]', '"x"', '{}', '}', ']', '{"execute":true}'],
    ...['{"execute":"query-name","arguments":[]}', '{"execute":"query-name","extra":1}', "{'execute':'query-name',}"],
    ...['"\\u12"', '"\\ud800"', '"\\x"', "'\\''", '[1,2', '{"a":1,"a":2}', '1e400 ', 'nan ', 'truefalse ', '-', '0x10 ', '01 '],
    ...['{"execute":"query-name"}}', '{"execute":"query-name"', '\x00', '{"execute":"\x00"}', '{"execute":"query-name","id":1e3}'],
    ...['['.repeat(1025), '{"a":'.repeat(1025), `"${'x'.repeat(1000)}\x01`],
  ];
  test.each(MALFORMED.map((text) => [text.slice(0, 40), text]))('%j', async (_shown, text) => {
    await negotiate();
    await saysTheSame(Buffer.from(text, 'latin1'));
  });

  test('random bytes and random pieces of JSON get the same answers, and the session goes on', { timeout: 240_000 }, async () => {
    await negotiate();
    const pieces = fc.constantFrom(
      ...['{', '}', '[', ']', ',', ':', ' ', '\n', '\r\n', '"', "'", '\\', '\\u', '\\n', '"execute"', "'execute'", '"query-name"'],
      ...[
        '"arguments"',
        '"id"',
        '"exec-oob"',
        '{"execute":"query-name"}',
        '1',
        '-',
        '0',
        '.',
        'e',
        '+',
        'true',
        'null',
        'x',
        'nul',
      ],
      ...['\xff', '\xfe', '\x00', '\x01', '\x7f', '\xc3\xa4', '\xc3', '\xf0\x9f\x98\x80', '%', '/', '\t'],
    );
    const text = fc.array(pieces, { maxLength: 30 }).map((parts) => Buffer.from(parts.join(''), 'latin1'));
    const bytes = fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array));
    await fc.assert(fc.asyncProperty(fc.oneof({ weight: 3, arbitrary: text }, { weight: 1, arbitrary: bytes }), saysTheSame), {
      numRuns: 1000,
    });
  });
});
