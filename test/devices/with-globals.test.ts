import { describe, expect, test } from 'vitest';
import type { DeviceSpec } from '../../src/devices/device-spec.ts';
import { parseDevice } from '../../src/devices/parse-device.ts';
import { withGlobals } from '../../src/devices/with-globals.ts';
import { parseGlobal } from '../../src/options/global-property.ts';
import { problemOf } from '../options/problem-of.ts';

const device = (text: string): DeviceSpec => {
  const parsed = parseDevice(text, { location: `-device ${text}`, existingIds: new Set(), onWarning: () => undefined });
  if (!('type' in parsed)) throw new Error('not a vfio device');
  return parsed;
};

const valuesOf = (text: string, globals: readonly string[]): Record<string, unknown> => {
  const parsed = globals.map((global) => parseGlobal(global, () => undefined));
  return Object.fromEntries(withGlobals(device(text), parsed).values);
};

describe('-global', () => {
  test.each([
    { text: 'vfio-pci', globals: ['vfio-pci.host=2:0.0'], values: { host: '0000:02:00.0' } },
    { text: 'vfio-pci,host=3:0.0', globals: ['vfio-pci.host=2:0.0'], values: { host: '0000:03:00.0' } },
    { text: 'vfio-pci', globals: ['vfio-pci.host=2:0.0', 'vfio-pci.host=4:0.0'], values: { host: '0000:04:00.0' } },
    { text: 'vfio-pci-nohotplug', globals: ['vfio-pci.x-no-mmap=on'], values: { 'x-no-mmap': true } },
    { text: 'vfio-pci', globals: ['vfio-pci-nohotplug.x-no-mmap=on', 'virtio-net-pci.mac=x', 'nosuch.x=1'], values: {} },
    { text: 'vfio-pci', globals: ['pci-device.multifunction=on'], values: { multifunction: true } },
    { text: '{"driver":"vfio-pci"}', globals: ['vfio-pci.iommufd=i0'], values: { iommufd: 'i0' } },
  ])('$text with $globals', ({ text, globals, values }) => {
    expect(valuesOf(text, globals)).toEqual(values);
  });

  test.each([
    ['vfio-pci.bogus=1', "can't apply global vfio-pci.bogus=1: Property 'vfio-pci.bogus' not found"],
    ['vfio-pci.host=zz', "can't apply global vfio-pci.host=zz: Property 'vfio-pci.host' doesn't take value 'zz'"],
  ])('%s is refused at the device, though it says something else itself', (global, message) => {
    const text = 'vfio-pci,host=03:00.0';
    expect(problemOf(() => valuesOf(text, [global]))).toMatchObject({ message, location: `-device ${text}` });
  });
});
