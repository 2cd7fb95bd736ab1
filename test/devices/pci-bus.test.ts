import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DeviceSpec } from '../../src/devices/device-spec.ts';
import { parseDevice } from '../../src/devices/parse-device.ts';
import { PciBus } from '../../src/devices/pci-bus.ts';
import { problemOf } from '../options/problem-of.ts';

const device = (properties = ''): DeviceSpec => {
  const text = properties === '' ? 'vfio-pci' : `vfio-pci,${properties}`;
  const spec = parseDevice(text, { location: text, existingIds: new Set(), onWarning: () => undefined });
  if ('driver' in spec) throw new Error('not a device of our own');
  return spec;
};

const busWith = (...devices: readonly string[]): PciBus => {
  const bus = new PciBus();
  for (const properties of devices) bus.plug(device(properties));
  return bus;
};

describe('PciBus places', () => {
  test('devices without addr= in function 0 of the next free slot', () => {
    const bus = busWith('addr=1');
    expect([device(), device(), device()].map((spec) => bus.plug(spec))).toEqual([0, 2 * 8, 3 * 8]);
  });

  test('a device at its addr=', () => {
    expect(busWith().plug(device('addr=1f.7'))).toBe(255);
  });

  test.each(['bus=pcie.0', 'bus=pci.0'])('a device on %s', (bus) => {
    expect(busWith().plug(device(bus))).toBe(0);
  });

  test('all functions of a slot whose function 0 is multifunction, in either order', () => {
    const bus = busWith('addr=3,multifunction=on', 'addr=3.1');
    expect(bus.plug(device('addr=3.7'))).toBe(31);
    const reverse = busWith('addr=3.1', 'addr=3.7');
    expect(reverse.plug(device('addr=3,multifunction=on'))).toBe(24);
  });

  test('256 devices, each in a place of its own, and then no more', () => {
    const bus = new PciBus();
    const places = Array.from({ length: 256 }, () => bus.plug(device()));
    expect(new Set(places).size).toBe(256);
    expect(places.slice(0, 32)).toEqual(Array.from({ length: 32 }, (_, slot) => slot * 8));
    expect(problemOf(() => bus.plug(device()))).toMatchObject({
      code: 'CONFLICT',
      message: 'PCI: no slot/function available for vfio-pci, all in use or reserved',
    });
  });

  test('devices around those that sit there already', () => {
    const bus = new PciBus();
    bus.occupy(0, device());
    bus.occupy(16, device());
    expect([bus.plug(device()), bus.plug(device())]).toEqual([8, 24]);
  });

  test('no two devices in one function, whatever the order', () => {
    const place = fc.option(fc.integer({ min: 0, max: 255 }), { nil: undefined });
    fc.assert(
      fc.property(fc.uniqueArray(place, { maxLength: 60, comparator: (a, b) => a !== undefined && a === b }), (asked) => {
        const bus = new PciBus();
        const taken = asked.flatMap((devfn) => {
          const text = devfn === undefined ? '' : `addr=${(devfn >> 3).toString(16)}.${devfn & 7},multifunction=on`;
          try {
            return [bus.plug(device(text))];
          } catch {
            return [];
          }
        });
        expect(new Set(taken).size).toBe(taken.length);
      }),
      { numRuns: 50 },
    );
  });
});

/** Messages as QEMU's hw/pci/pci.c has them. */
describe('PciBus refuses', () => {
  test.each([
    [
      'a taken function, naming an occupant without id',
      ['addr=3'],
      'addr=3',
      'PCI: slot 3 function 0 not available for vfio-pci, in use by vfio-pci,id=(null)',
    ],
    [
      'a taken function, naming the occupant',
      ['addr=1f.2,id=hostdev0'],
      'addr=1f.2',
      'PCI: slot 31 function 2 not available for vfio-pci, in use by vfio-pci,id=hostdev0',
    ],
    [
      'a function beside a single-function device',
      ['addr=3'],
      'addr=3.1',
      "PCI: single function device can't be populated in function 3.1",
    ],
    [
      'a single-function device below a populated function',
      ['addr=5.1'],
      'addr=5',
      'PCI: 5.0 indicates single function, but 5.1 is already populated.',
    ],
    ['the same above slot 9', ['addr=1f.3'], 'addr=1f', 'PCI: 1f.0 indicates single function, but 1f.3 is already populated.'],
  ])('%s', (_what, present, added, message) => {
    const bus = busWith(...present);
    expect(problemOf(() => bus.plug(device(added)))).toMatchObject({ code: 'CONFLICT', message });
  });

  test('leaves the bus as it was', () => {
    const bus = busWith('addr=0');
    problemOf(() => bus.plug(device('addr=0.1')));
    expect(bus.plug(device())).toBe(8);
  });

  test('another bus', () => {
    expect(problemOf(() => new PciBus().plug(device('bus=rp1')))).toMatchObject({
      code: 'LINK_NOT_FOUND',
      message: "Bus 'rp1' not found",
    });
  });
});
