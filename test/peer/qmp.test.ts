import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startQemu, startVmattach, type Message, type QmpPeer } from './qmp-peer.ts';

const OPTIONS = ['-object', 'iommufd,id=i0', '-m', '64M', '-name', 'peer', '-uuid', '12345678-1234-1234-1234-123456789abc'];

/** How far two answers have to agree. */
type Likeness =
  /** The same reply and the same events, whatever is in them. */
  | 'same'
  /** Members of the same names and types; lists may have other items. */
  | 'shape'
  /** Both errors, of one class. */
  | 'class';

interface Case {
  readonly execute: string;
  readonly arguments?: object;
  /** A file whose fd goes with the command. */
  readonly file?: string;
  readonly like?: Likeness;
}

const ask = (execute: string, parameters?: object, like: Likeness = 'same'): Case => ({
  execute,
  ...(parameters !== undefined && { arguments: parameters }),
  like,
});
const send = (execute: string, parameters: object, like: Likeness = 'same'): Case => ({
  ...ask(execute, parameters, like),
  file: '/dev/zero',
});

const QUERIES: readonly Case[] = [
  ask('query-version', undefined, 'shape'),
  ask('query-status'),
  ask('query-name'),
  ask('query-uuid'),
  ask('query-target'),
  ask('query-kvm', undefined, 'shape'),
  ask('query-memdev', undefined, 'shape'),
  ask('query-memory-size-summary'),
  ask('query-memory-devices'),
  ask('query-iothreads'),
  ask('query-balloon'),
  ask('query-chardev', undefined, 'shape'),
  ask('query-fdsets'),
  ask('query-commands', undefined, 'shape'),
  ask('query-qmp-schema', undefined, 'shape'),
  ask('query-command-line-options', undefined, 'shape'),
  ...['add-fd', 'device', 'object', 'memory', 'name', 'mon', 'overcommit', 'nosuch'].map((option) =>
    ask('query-command-line-options', { option }),
  ),
  ask('query-status', { x: 1 }),
  ask('nosuch'),
];

const OBJECTS: readonly Case[] = [
  ...['/nosuch', '', 'nosuch'].map((path) => ask('qom-list', { path })),
  ...['/', '/objects/i0', '/machine/peripheral', 'i0', '//objects//i0/'].map((path) => ask('qom-list', { path }, 'shape')),
  ask('qom-list', { path: '/machine/peripheral-anon' }),
  ask('qom-list', { path: 5 }),
  ask('qom-list', {}),
  ask('qom-get', { path: '/objects/i0', property: 'type' }),
  ask('qom-get', { path: '/objects/i0', property: 'fd' }),
  ask('qom-get', { path: '/objects/i0', property: 'zz' }),
  ask('qom-get', { path: '/objects', property: 'i0' }),
  ask('qom-get', { path: '/nosuch', property: 'type' }),
  ask('qom-get', { path: '/objects/i0' }),
  ask('qom-set', { path: '/objects/i0', property: 'fd', value: 'zork' }),
  ask('qom-set', { path: '/objects/i0', property: 'fd', value: 5 }),
  ask('qom-set', { path: '/objects/i0', property: 'fd' }),
  ask('qom-set', { path: '/objects/i0', property: 'type', value: 'x' }),
  ask('qom-set', { path: '/objects/i0', property: 'zz', value: 1 }),
  ask('qom-set', { path: '/objects', property: 'i0', value: '' }),
  ask('qom-set', { path: '/nosuch', property: 'a', value: 1 }),
  ask('qom-list-types', { implements: 'iommufd' }),
  ask('qom-list-types', { implements: 'nosuch' }),
  ask('qom-list-types', undefined, 'shape'),
  ask('qom-list-properties', { typename: 'nosuch' }),
  ask('qom-list-properties', { typename: 'iommufd' }, 'shape'),
  ...['iommufd', 'pci-device', 'nosuch', 'device', 'container'].map((typename) => ask('device-list-properties', { typename })),
  ask('device-list-properties', { typename: 'vfio-pci' }, 'shape'),
  ...[{}, { id: 'x' }, { 'qom-type': 'iommufd' }, { 'qom-type': 5, id: 'x' }, { 'qom-type': 'iommufd', id: 5 }].map((parameters) =>
    ask('object-add', parameters),
  ),
  ask('object-add', { 'qom-type': 'nosuch', id: 'x' }),
  ...['1x', '', 'a b', 'i0', 'type'].map((id) => ask('object-add', { 'qom-type': 'iommufd', id })),
  ...[{ fd: 5 }, { bad: 5 }, { fd: 'x' }].map((parameters) =>
    ask('object-add', { 'qom-type': 'iommufd', id: 'i1', ...parameters }),
  ),
  ...[{}, { size: 0 }, { size: '1M' }, { size: 4096, share: 'on' }].map((parameters) =>
    ask('object-add', { 'qom-type': 'memory-backend-ram', id: 'm', ...parameters }),
  ),
  ask('object-add', { 'qom-type': 'memory-backend', id: 'm', size: 4096 }),
  ask('object-add', { 'qom-type': 'iommufd', id: 'i2' }),
  ask('object-del', { id: 'i2' }),
  ask('object-del', { id: 'i2' }),
  ask('object-del', {}),
];

const FDS: readonly Case[] = [
  ask('getfd', { fdname: 'x' }),
  ask('getfd', {}),
  ask('getfd', { fdname: 5 }),
  send('getfd', { fdname: 'x' }),
  send('getfd', { fdname: 'x' }),
  send('getfd', { fdname: '1x' }),
  send('getfd', { fdname: '' }),
  ask('closefd', { fdname: 'x' }),
  ask('closefd', { fdname: 'x' }),
  ask('closefd', {}),
  send('query-name', {}),
  ask('getfd', { fdname: 'late' }),
  ask('getfd', { fdname: 'later' }),
  send('getfd', {}),
  ask('getfd', { fdname: 'kept' }),
  ask('object-add', { 'qom-type': 'iommufd', id: 'i7', fd: 'kept', bad: 1 }),
  ask('closefd', { fdname: 'kept' }),
  ask('add-fd'),
  send('add-fd', { 'fdset-id': -1 }),
  ask('add-fd', { 'fdset-id': 'x' }),
  ask('add-fd', { 'fdset-id': 1.5 }),
  send('add-fd', { 'fdset-id': 1 }, 'shape'),
  send('add-fd', { opaque: 'rdwr:disk' }, 'shape'),
  send('add-fd', { 'fdset-id': 1, opaque: 'b' }, 'shape'),
  ask('query-fdsets', undefined, 'shape'),
  ask('remove-fd', { 'fdset-id': 1, fd: 3000 }),
  ask('remove-fd', { 'fdset-id': 9 }),
  ask('remove-fd', { 'fdset-id': 1 }),
  ask('remove-fd', { 'fdset-id': 0 }),
  ask('remove-fd', {}),
  ask('query-fdsets'),
];

const RUN_STATE: readonly Case[] = [
  ask('stop'),
  ask('query-status'),
  ask('cont'),
  ask('query-status'),
  ask('cont'),
  ask('stop'),
  ask('stop'),
  ask('query-status'),
  ask('cont'),
  ask('system_reset', { x: 1 }),
];

/** What q35 has and `none` has not: buses, and RAM that the machine holds. */
const DEVICES: readonly Case[] = [
  ask('object-del', { id: 'pc.ram' }),
  ask('query-memdev'),
  ask('query-pci', undefined, 'shape'),
  ask('device_add', {}),
  ask('device_add', { driver: 5 }),
  ask('device_add', { driver: 'nosuch' }),
  ask('device_add', { driver: 'iommufd' }),
  ask('device_add', { driver: 'pci-device' }),
  ask('device_add', { driver: 'vfio-pci', bus: 'nosuch' }),
  ...[{}, { host: 'zz' }, { host: '0000:ff:00.0' }, { zork: 'on' }, { 'x-no-mmap': 'on' }, { fd: 'nope', iommufd: 'i0' }].map(
    (device) => ask('device_add', { driver: 'vfio-pci', bus: 'rp0', ...device }),
  ),
  ask('device_add', { driver: 'vfio-pci', bus: 'rp0', host: '0000:ff:00.0', iommufd: 'nosuch' }),
  ask('device_add', { driver: 'vfio-pci', bus: 'rp0', host: '0000:ff:00.0', iommufd: '/machine' }),
  ask('device_add', { driver: 'vfio-pci-nohotplug', bus: 'rp0', host: '0000:ff:00.0' }),
  send('getfd', { fdname: 'vfd' }),
  ask('device_add', { driver: 'vfio-pci', bus: 'rp0', fd: 'vfd' }),
  ...['nosuch', '/nosuch', '/machine/peripheral', '/objects/i0', ''].map((id) => ask('device_del', { id })),
  ask('device_del', {}),
  ask('device_del', { id: 5 }),
];

/** Before the machine is made only some commands run. */
const PRECONFIG: readonly Case[] = [
  ...[
    'query-status',
    'query-name',
    'query-uuid',
    'query-pci',
    'query-target',
    'query-kvm',
    'query-cpus-fast',
    'query-iothreads',
  ].map((command) => ask(command)),
  ...['cont', 'stop', 'system_reset', 'query-fdsets', 'query-memory-devices', 'query-balloon'].map((command) => ask(command)),
  ask('getfd', { fdname: 'x' }),
  ask('device_add', { driver: 'vfio-pci' }),
  ask('device_del', { id: 'x' }),
  ask('device-list-properties', { typename: 'vfio-pci' }),
  ask('qom-list-types', { implements: 'iommufd' }),
  ask('qom-list', { path: '/machine/peripheral' }),
  ask('object-add', { 'qom-type': 'iommufd', id: 'zz' }),
  ask('object-del', { id: 'zz' }),
  ask('x-exit-preconfig', { x: 1 }),
  ask('x-exit-preconfig'),
  ask('query-status'),
  ask('x-exit-preconfig'),
  ask('query-memory-devices'),
];

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

const SCRIPTS = [
  { machine: 'none', name: 'queries', cases: QUERIES },
  { machine: 'none', name: 'objects', cases: OBJECTS },
  { machine: 'none', name: 'passed fds', cases: FDS },
  { machine: 'q35', name: 'run state', cases: RUN_STATE },
  { machine: 'q35', name: 'devices', cases: DEVICES },
  { machine: 'q35', name: 'before the machine is made', cases: PRECONFIG, start: ['--preconfig'] },
];

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
