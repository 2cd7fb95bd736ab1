import { choice, closed, flag, list, PROBLEM, text, textOrNull, type Schema } from './json-schema.ts';

const address = { type: 'string', pattern: '^[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\\.[0-7]$' } as const;

const BACKEND = closed('What the planner says about a launch with this device alone.', {
  backend: choice('The backend it was asked about.', ['type1', 'iommufd']),
  usable: flag('Whether the device can be attached through it as things are.'),
  problems: list('What stands against it; empty when it is usable.', PROBLEM),
});

const DEVICE = closed('A PCI device.', {
  address: { ...address, description: 'With its domain, e.g. "0000:01:00.0".' },
  name: textOrNull('From the pci.ids database of the host, if it is listed there.'),
  vendor: { type: 'string', pattern: '^[0-9a-f]{4}$', description: 'Vendor ID, hexadecimal.' },
  device: { type: 'string', pattern: '^[0-9a-f]{4}$', description: 'Device ID, hexadecimal.' },
  class: { type: 'string', pattern: '^[0-9a-f]{6}$', description: 'Class code, hexadecimal.' },
  className: text('The class in a word that is a filter too, e.g. "display"; "other" for classes without.'),
  driver: textOrNull('The driver it is bound to.'),
  group: { type: ['integer', 'null'], minimum: 0, description: 'Its IOMMU group; null without.' },
  resetMethods: list(
    'In the order in which the kernel tries them; empty when it cannot be reset.',
    text('As in sysfs, e.g. "flr".'),
  ),
  resetsWith: list('Other devices that VFIO resets under the same lock, and that a bus reset reaches.', {
    ...address,
    description: 'Its address.',
  }),
  cdev: textOrNull('Its VFIO node, e.g. "/dev/vfio/devices/vfio0".'),
  numaNode: {
    type: ['integer', 'null'],
    minimum: 0,
    description: 'The NUMA node it is next to; null when the host has none or does not say.',
  },
  physicalFunction: {
    ...address,
    type: ['string', 'null'],
    description: 'For a virtual function: the device it is a function of.',
  },
  passable: flag('Whether at least one backend is usable.'),
  backends: list('Always both, in this order: type1, iommufd.', BACKEND),
});

/** What `vmattach devices --format json` prints: the source of docs/devices.schema.json. */
export const DEVICES_SCHEMA: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:vmattach:devices:1',
  title: 'vmattach devices',
  ...closed('The PCI devices of a host that fit, as printed by vmattach devices --format json.', {
    schema: { const: 'vmattach.devices/1', description: 'Raised when a key changes its meaning or goes.' },
    devices: list('In the order of their addresses; empty when none fits.', DEVICE),
  }),
};
