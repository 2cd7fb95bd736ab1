import { TEXT_FORMS, type TextForm } from './patterns.ts';

const text = <F extends TextForm>(form: F) => ({ type: 'string', pattern: TEXT_FORMS[form].pattern }) as const;

const textOrNull = <F extends TextForm>(form: F) => ({ type: ['string', 'null'], pattern: TEXT_FORMS[form].pattern }) as const;

/** Every leaf is a reference, so that the compiled validator checks a form in one place instead of wherever it occurs. */
const ref = <N extends string>(name: N) => ({ $ref: `#/definitions/${name}` }) as const;

const DEFINITIONS = {
  pciAddress: text('pciAddress'),
  pciAddressOrNull: textOrNull('pciAddress'),
  pciId: text('pciId'),
  pciClass: text('pciClass'),
  iova: text('iova'),
  iovaOrUnknown: text('iovaOrUnknown'),
  size: text('size'),
  deviceNumber: text('deviceNumber'),
  mode: text('mode'),
  capability: text('capability'),
  cdevName: text('cdevName'),
  driverNameOrNull: textOrNull('driverName'),
  uuid: text('uuid'),
  release: text('release'),
  text: text('text'),
  string: { type: 'string' },
  count: { type: 'integer', minimum: 0 },
  countOrNull: { type: ['integer', 'null'], minimum: 0 },
  /** 2^32 - 1 is `(uid_t)-1`, which no file and no process has. */
  userId: { type: 'integer', minimum: 0, maximum: 4294967294 },
  memlockLimit: { type: ['integer', 'string'], minimum: 0, pattern: TEXT_FORMS.limit.pattern },
  knownBoolean: { enum: [true, false, 'unknown'] },
  cdev: {
    type: ['object', 'null'],
    additionalProperties: false,
    required: ['name', 'device'],
    properties: { name: ref('cdevName'), device: ref('deviceNumber') },
  },
} as const;

const KERNEL = {
  type: 'object',
  additionalProperties: false,
  required: ['release', 'iommufd', 'vfioCdev', 'container'],
  properties: {
    release: ref('release'),
    iommufd: ref('knownBoolean'),
    vfioCdev: ref('knownBoolean'),
    container: { enum: ['type1', 'iommufd', 'none', 'unknown'] },
  },
} as const;

const PROCESS = {
  type: 'object',
  additionalProperties: false,
  required: ['uid', 'gid', 'groups', 'capabilities', 'memlock'],
  properties: {
    uid: ref('userId'),
    gid: ref('userId'),
    groups: { type: 'array', items: ref('userId') },
    capabilities: { type: 'array', items: ref('capability') },
    deviceCgroup: { enum: ['v1'] },
    memlock: {
      type: 'object',
      additionalProperties: false,
      required: ['soft', 'hard'],
      properties: { soft: ref('memlockLimit'), hard: ref('memlockLimit') },
    },
  },
} as const;

const MODULES = {
  type: 'object',
  propertyNames: { pattern: TEXT_FORMS.moduleName.pattern },
  additionalProperties: {
    type: 'object',
    additionalProperties: false,
    properties: { parameters: { type: 'object', additionalProperties: ref('string') } },
  },
} as const;

const IOMMU = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'type', 'lastIova', 'isolatedMsi', 'dirtyTracking', 'enforcesCoherency'],
  properties: {
    name: ref('text'),
    type: { enum: ['intel', 'amd', 'virtio', 'arm-smmu', 'other'] },
    lastIova: ref('iovaOrUnknown'),
    isolatedMsi: ref('knownBoolean'),
    dirtyTracking: ref('knownBoolean'),
    enforcesCoherency: ref('knownBoolean'),
  },
} as const;

const GROUP = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'iommu', 'type', 'reserved'],
  properties: {
    id: ref('count'),
    iommu: ref('text'),
    type: ref('text'),
    reserved: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['start', 'end', 'type'],
        properties: {
          start: ref('iova'),
          end: ref('iova'),
          type: { enum: ['direct', 'direct-relaxable', 'reserved', 'msi'] },
        },
      },
    },
    noIommu: { type: 'boolean' },
  },
} as const;

const PCI_DEVICE = {
  type: 'object',
  additionalProperties: false,
  required: ['address', 'vendor', 'device', 'class', 'driver', 'group', 'resetMethods', 'cdev'],
  properties: {
    address: ref('pciAddress'),
    vendor: ref('pciId'),
    device: ref('pciId'),
    class: ref('pciClass'),
    name: ref('text'),
    driver: ref('driverNameOrNull'),
    group: ref('countOrNull'),
    resetMethods: { type: 'array', items: ref('text') },
    numaNode: ref('count'),
    cdev: ref('cdev'),
    physicalFunction: ref('pciAddress'),
    enabledVfs: ref('count'),
    bridge: ref('pciAddressOrNull'),
    bars: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['index', 'size'],
        properties: { index: { type: 'integer', minimum: 0, maximum: 5 }, size: ref('size') },
      },
    },
  },
} as const;

const MEDIATED_DEVICE = {
  type: 'object',
  additionalProperties: false,
  required: ['uuid', 'parent', 'type', 'deviceApi', 'group', 'cdev'],
  properties: {
    uuid: ref('uuid'),
    parent: ref('text'),
    type: ref('text'),
    deviceApi: ref('text'),
    group: ref('countOrNull'),
    cdev: ref('cdev'),
  },
} as const;

const MEMORY = {
  type: 'object',
  additionalProperties: false,
  required: ['hugePages', 'transparentHugePages'],
  properties: {
    hugePages: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['pageSize', 'pages', 'available'],
        properties: { pageSize: { type: 'integer', minimum: 1 }, pages: ref('count'), available: ref('count') },
      },
    },
    transparentHugePages: { enum: ['always', 'madvise', 'never', 'unknown'] },
  },
} as const;

const NODES = {
  type: 'object',
  propertyNames: { pattern: TEXT_FORMS.nodePath.pattern },
  additionalProperties: {
    type: ['object', 'null'],
    additionalProperties: false,
    required: ['device', 'mode', 'uid', 'gid'],
    properties: {
      device: ref('deviceNumber'),
      mode: ref('mode'),
      uid: ref('userId'),
      gid: ref('userId'),
      heldBy: {
        type: 'object',
        additionalProperties: false,
        required: ['pid', 'command'],
        properties: { pid: { type: 'integer', minimum: 1 }, command: ref('string'), hasIommufd: { type: 'boolean' } },
      },
      deniedByCgroup: { type: 'boolean' },
    },
  },
} as const;

/** The kinds of fd a model can name; the test compares them with `FdKind`. */
const FD_KINDS = [
  ...(['iommufd', 'vfio-cdev', 'vfio-group', 'vfio-container', 'kvm', 'memfd', 'regular', 'socket', 'pipe'] as const),
  ...(['eventfd', 'eventpoll', 'character', 'directory', 'other', 'closed'] as const),
] as const;

const FDS = {
  type: 'object',
  propertyNames: { pattern: TEXT_FORMS.fdNumber.pattern },
  additionalProperties: {
    type: 'object',
    additionalProperties: false,
    required: ['kind'],
    properties: {
      kind: { enum: FD_KINDS },
      address: ref('text'),
      group: ref('count'),
      target: ref('string'),
      device: ref('deviceNumber'),
      rlimitMode: { enum: ['user', 'process'] },
      runtime: { type: 'boolean' },
    },
  },
} as const;

/** JSON Schema (draft-07) of `HostModel`. Closed: a key it does not know is an error, so that a typing mistake cannot hide a fact. */
export const HOST_MODEL_SCHEMA = {
  $id: 'vmattach.host/1',
  definitions: DEFINITIONS,
  type: 'object',
  additionalProperties: false,
  required: ['schema', 'kernel', 'process', 'modules', 'iommus', 'groups', 'devices'],
  properties: {
    schema: { const: 'vmattach.host/1' },
    description: ref('string'),
    kernel: KERNEL,
    process: PROCESS,
    modules: MODULES,
    iommus: { type: 'array', items: IOMMU },
    groups: { type: 'array', items: GROUP },
    devices: { type: 'array', items: PCI_DEVICE },
    mediatedDevices: { type: 'array', items: MEDIATED_DEVICE },
    memory: MEMORY,
    nodes: NODES,
    fds: FDS,
  },
} as const;
