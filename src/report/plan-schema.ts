import { BACKENDS } from '../backends/address-space.ts';
import type { FdKind } from '../host/model.ts';
import { choice, closed, flag, list, path, PROBLEM, text, textOrNull, type Schema } from './json-schema.ts';

const EXACT_INTEGER: Schema = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
const DECIMAL: Schema = { type: 'string', pattern: '^[1-9][0-9]{15,}$' };

/** A number of bytes of any size: JSON numbers are exact only up to 2^53 - 1. */
const bytes = (description: string, ...others: readonly Schema[]): Schema => ({
  description: `${description}, in bytes; a decimal string from 2^53 on`,
  anyOf: [EXACT_INTEGER, DECIMAL, ...others],
});

const PROPERTY_VALUE: Schema = {
  description: 'sizes are numbers of bytes; integers from 2^53 on are decimal strings',
  anyOf: [{ type: ['string', 'boolean', 'integer'] }, { type: 'array', items: { anyOf: [{ type: 'integer' }, DECIMAL] } }],
};

const MACHINE = closed('The machine as a whole.', {
  type: text('The machine type: "bare", or one of QEMU.'),
  engine: choice('Who runs it: "built-in" for -machine bare, else "qemu".', ['built-in', 'qemu']),
  memoryBytes: bytes('Guest RAM'),
});

const OBJECT = closed('An object of the composition tree.', {
  path: path('QOM path, e.g. "/objects/iommufd0".'),
  id: text('Its id; "#" begins that of one that nobody wrote.'),
  type: text('Its QOM type, e.g. "iommufd".'),
  auto: flag('Whether it is made in the background because a device needs it.'),
  properties: {
    type: 'object',
    description: 'What was given, by property name, in the order of the names.',
    additionalProperties: PROPERTY_VALUE,
  },
});

const DEVICE = closed('A passed-through device. What cannot be told on this host is null.', {
  path: path('QOM path, e.g. "/machine/peripheral/hostdev0".'),
  id: textOrNull('Its id, if it has one.'),
  type: text('Its type, e.g. "vfio-pci".'),
  host: textOrNull('PCI address on the host, e.g. "0000:01:00.0"; null for others than PCI devices.'),
  sysfs: textOrNull('Its folder in sysfs; empty when only an fd without a known device is given.'),
  cdev: textOrNull('Node of its VFIO cdev, e.g. "/dev/vfio/devices/vfio0".'),
  group: { type: ['integer', 'null'], minimum: 0, description: 'Number of its IOMMU group.' },
  mdev: textOrNull('UUID, for a mediated device.'),
  backend: choice('How it is attached; null when the command line does not allow an answer.', [...BACKENDS, null]),
  reason: textOrNull('Why this backend, in one sentence that follows "because".'),
  links: closed('Objects it links to.', { iommufd: path('QOM path of its iommufd object.') }, ['iommufd']),
  addressSpace: textOrNull('Id of its address space; null when it cannot be attached.'),
});

const MAP = closed('Guest RAM that the devices of an address space reach.', {
  iova: { type: 'string', pattern: '^0x(0|[1-9a-f][0-9a-f]*)$', description: 'First I/O virtual address, hexadecimal.' },
  size: bytes('How much'),
  access: choice('What devices may do with it: read and write.', ['rw']),
  memory: text('Id of the memory backend.'),
});

const ADDRESS_SPACE = closed('One set of I/O page tables: a type1 container or an IOAS.', {
  id: text('e.g. "container0", "ioas(iommufd0)".'),
  backend: choice('The backend of all its devices.', BACKENDS),
  devices: { ...list('QOM paths of its devices.', path('QOM path.')), minItems: 1 },
  maps: list('Guest RAM, mapped once in each address space.', MAP),
});

/** Every kind, held complete by its type. */
const FD_KINDS: Readonly<Record<FdKind, true>> = {
  iommufd: true,
  'vfio-cdev': true,
  'vfio-group': true,
  'vfio-container': true,
  kvm: true,
  memfd: true,
  regular: true,
  socket: true,
  pipe: true,
  eventfd: true,
  eventpoll: true,
  character: true,
  directory: true,
  other: true,
  closed: true,
};

const FD = closed('A passed file descriptor.', {
  number: { type: 'integer', minimum: 0, description: 'Its number in this process.' },
  kind: choice('What is behind it.', Object.keys(FD_KINDS)),
  owner: path('QOM path of the object or device that uses it.'),
});

export const MEMLOCK = closed('Locked memory: what the launch needs against what it may lock.', {
  requiredBytes: bytes('What the counter that is checked must allow'),
  limitBytes: bytes('RLIMIT_MEMLOCK, or "unlimited"', { const: 'unlimited' }),
  accounting: choice('Who is charged; "none" with CAP_IPC_LOCK.', ['process', 'user', 'process and user', 'none']),
  sufficient: flag('Whether the limit allows the launch.'),
  libvirt: closed('The limit that libvirt would set for the same devices and RAM.', {
    bytes: bytes('The limit, or "unlimited"', { const: 'unlimited' }),
    formula: text('How it is computed.'),
  }),
  notes: list('Why the two differ and what else counts.', text('A sentence.')),
});

const STEP = closed('A step of the launch.', {
  id: text('Unique in this plan.'),
  call: text('The call that matters: an ioctl by name, "open", "mmap".'),
  after: list('Ids of the steps it waits for; all others may run at the same time.', text('Id of a step.')),
  subject: text('QOM path, node or resource that it is done on.'),
});

const TIMELINE = closed('What attaching is expected to take.', {
  predictedMs: { type: 'number', minimum: 0, description: 'From the first step to the last, in ms.' },
  criticalPath: list('Ids of the steps that decide it, in order.', text('Id of a step.')),
});

const CHANGE = closed('Something that the engine gets otherwise than it was written.', {
  from: textOrNull('The option as it was written; null where nobody wrote it.'),
  to: text('What the engine gets in its place.'),
  reasons: list('Why.', text('A sentence.')),
});

const EXEC = closed('How the engine is started; only where an engine runs the machine and can be started.', {
  path: text('The program that takes the place of vmattach; only its name where the host is a model.'),
  argv: list('Its arguments, without its own name.', text('One word.')),
  changes: list('What is not as it was written; empty when everything goes through word for word.', CHANGE),
});

const ID: Schema = { type: 'integer', minimum: 0, maximum: 0xffff_ffff };

const OPENED = closed('A file that vmattach opens and passes to the engine.', {
  fd: { type: 'integer', minimum: 0, description: 'The number that the engine gets.' },
  kind: choice('What it is.', ['iommufd', 'vfio-cdev']),
  node: path('The node, e.g. "/dev/iommu".'),
  owner: path('QOM path of the object or device that uses it.'),
});

const PRIVILEGES = closed('What the engine is allowed; only with --run-as or --pass-fds.', {
  user: {
    description: 'Who it runs as; null: who starts vmattach.',
    anyOf: [
      { type: 'null' },
      closed('A user, without capabilities.', {
        name: text('The name, or the number where it has none.'),
        uid: { ...ID, description: 'User id.' },
        gid: { ...ID, description: 'Group id.' },
        groups: list('Supplementary groups that are kept.', ID),
      }),
    ],
  },
  opened: list('In the order in which they are opened.', OPENED),
  grants: list(
    'Nodes that the user may open for the life of the machine.',
    closed('A grant.', { node: path('The node.'), uid: { ...ID, description: 'User id.' } }),
  ),
  memlockBytes: {
    description: 'RLIMIT_MEMLOCK that the engine is started with, in bytes; null where it is not raised.',
    anyOf: [{ type: 'null' }, EXACT_INTEGER, DECIMAL],
  },
  notes: list('What else is to be known.', text('A sentence.')),
});

const BINDING = closed('A member of an IOMMU group that --manage-devices takes.', {
  address: text('PCI address.'),
  group: { type: ['integer', 'null'], minimum: 0, description: 'Number of its IOMMU group.' },
  driver: textOrNull('Its driver now.'),
  driverThen: textOrNull('Its driver during the launch.'),
  reason: text('Why it is moved or stays.'),
});

/** What `vmattach plan --format json` prints: the source of docs/plan.schema.json. */
export const PLAN_SCHEMA: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:vmattach:plan:1',
  title: 'vmattach plan',
  ...closed(
    'What a launch would do on a host and what stands against it, as printed by vmattach plan --format json.',
    {
      schema: { const: 'vmattach.plan/1', description: 'Raised when a key changes its meaning or goes.' },
      machine: MACHINE,
      objects: list('In the order in which they are made.', OBJECT),
      devices: list('In the order of the command line; also those that cannot be attached.', DEVICE),
      addressSpaces: list('Those that can be set up.', ADDRESS_SPACE),
      fds: list('File descriptors that the command line passes.', FD),
      memlock: MEMLOCK,
      steps: list('What would be done; empty when a problem is an error.', STEP),
      timeline: TIMELINE,
      exec: EXEC,
      privileges: PRIVILEGES,
      bindings: list('Members of the groups of all devices that --manage-devices takes, and what becomes of them.', BINDING),
      problems: list('Empty when there is nothing to say.', PROBLEM),
    },
    ['exec', 'privileges', 'bindings'],
  ),
};
