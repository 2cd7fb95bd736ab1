import { describe, expect, test } from 'vitest';
import { examine } from '../../src/preflight/examine.ts';
import { doctorText } from '../../src/report/doctor-text.ts';
import { EXAMPLE_HOSTS, exampleHost, planOf } from '../plan/planning.ts';

const ORDER = ['FAIL', '?', 'warn', 'ok'];

describe('doctorText', () => {
  test('a ready host in short lines', () => {
    expect(doctorText(examine(exampleHost('workstation'), undefined))).toMatchInlineSnapshot(`
      "ready (11 ok)
      ok    IOMMU present and on: 1 (intel)
      ok    IOMMU groups: 11 devices in 9 groups
      ok    interrupts isolated: the IOMMU remaps them
      ok    VFIO driver loaded: 3 of 11 devices are bound to vfio
      ok    type1 container: the type1 container serves /dev/vfio/vfio
      ok    iommufd: this kernel has it
      ok    VFIO cdevs: this kernel makes them
      ok    kernel version: 6.17.8-200.fc42.x86_64 is recent enough for both backends
      ok    nodes may be opened: uid 1000 may open /dev/vfio/vfio and /dev/iommu
      ok    locked memory limit: unlimited
      ok    devices to pass: 3 devices bound to a VFIO driver; vmattach devices says which can be passed"
    `);
  });

  test('failures with cause and fixes first', () => {
    expect(
      doctorText(examine(exampleHost('no-iommu'), undefined))
        .split('\n')
        .slice(0, 6),
    ).toEqual([
      'not ready (1 FAIL, 3 warn, 4 ok)',
      'FAIL  IOMMU present and on',
      expect.stringMatching(/^ {6}cause: 0000:00:00\.0 is in no IOMMU group/),
      expect.stringMatching(/^ {6}fix: /),
      expect.stringMatching(/^ {6}fix: /),
      expect.stringMatching(/^ {6}fix: /),
    ]);
  });

  test.each(EXAMPLE_HOSTS)('%s: what fails, then what is unknown, then warnings, then the rest', (name) => {
    const host = exampleHost(name);
    for (const plan of [undefined, planOf('-m 8G -device vfio-pci,host=01:00.0 -device vfio-pci,host=02:00.0', host)]) {
      const marks = doctorText(examine(host, plan))
        .split('\n')
        .slice(1)
        .flatMap((line) => /^(FAIL|\?|warn|ok) /.exec(line)?.[1] ?? []);
      expect(marks).toEqual(marks.toSorted((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b)));
      expect(marks.length).toBeGreaterThan(0);
    }
  });
});
