/** How far two answers have to agree. */
export type Likeness =
  /** The same reply and the same events, whatever is in them. */
  | 'same'
  /** Members of the same names and types; lists may have other items. */
  | 'shape'
  /** Both errors, of one class. */
  | 'class';

export interface Case {
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

/** Each is one session, on QEMU with that machine and on the built-in one. */
export const SCRIPTS = [
  { machine: 'none', name: 'queries', cases: QUERIES },
  { machine: 'none', name: 'objects', cases: OBJECTS },
  { machine: 'none', name: 'passed fds', cases: FDS },
  { machine: 'q35', name: 'run state', cases: RUN_STATE },
  { machine: 'q35', name: 'devices', cases: DEVICES },
  { machine: 'q35', name: 'before the machine is made', cases: PRECONFIG, start: ['--preconfig'] },
];
