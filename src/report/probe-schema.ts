import { BACKENDS } from '../backends/address-space.ts';
import { choice, closed, flag, list, path, text, textOrNull, type Schema } from './json-schema.ts';

const KNOWN_FLAG = { enum: [true, false, 'unknown'], description: '"unknown": it cannot be told from here.' };

const BACKEND = closed('What the kernel said about one backend when its node was opened.', {
  backend: choice('Which one.', BACKENDS),
  node: path('What was opened.'),
  offered: flag('Whether the kernel has it; whether a device can be attached through it is known with a device only.'),
  refusal: textOrNull('The call that failed and why; null when none did.'),
  facts: {
    type: 'object',
    description: "By the kernel's names: what it has.",
    additionalProperties: { type: ['string', 'boolean'] },
  },
});

const IOMMU = closed('One IOMMU of this host.', {
  name: text('As in /sys/class/iommu.'),
  type: text('intel, amd, virtio, arm-smmu or other.'),
  lastIova: text('The highest address that it translates, hexadecimal, or "unknown".'),
  isolatedMsi: KNOWN_FLAG,
  dirtyTracking: KNOWN_FLAG,
  enforcesCoherency: KNOWN_FLAG,
});

const LIMIT = { type: ['integer', 'string'], description: 'Bytes; a decimal string above 2^53, or "unlimited".' };

/** What `vmattach probe --format json` prints: the source of docs/probe.schema.json. */
export const PROBE_SCHEMA: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:vmattach:probe:1',
  title: 'vmattach probe',
  ...closed('What the kernel of a host offers for each backend, as printed by vmattach probe --format json.', {
    schema: { const: 'vmattach.probe/1', description: 'Raised when a key changes its meaning or goes.' },
    kernel: closed('The kernel as far as it can be told without opening anything.', {
      release: text('As uname -r.'),
      iommufd: { ...KNOWN_FLAG, description: 'CONFIG_IOMMUFD.' },
      vfioCdev: { ...KNOWN_FLAG, description: 'CONFIG_VFIO_DEVICE_CDEV.' },
      container: choice('What serves /dev/vfio/vfio.', ['type1', 'iommufd', 'none', 'unknown']),
    }),
    backends: list('In this order: type1, iommufd, iommufd-compat.', BACKEND),
    allowUnsafeInterrupts: closed('The parameter allow_unsafe_interrupts of each module; null when the module is not there.', {
      vfio_iommu_type1: textOrNull('Y or N.'),
      iommufd: textOrNull('Y or N.'),
    }),
    iommus: list('Those that the kernel drives.', IOMMU),
    memlock: closed('RLIMIT_MEMLOCK of this process.', { soft: LIMIT, hard: LIMIT }),
  }),
};
