import { describe, expect, test } from 'vitest';
import type { HostModel } from '../../src/host/model.ts';
import { listDevices } from '../../src/preflight/list-devices.ts';
import { devicesText } from '../../src/report/devices-text.ts';
import { withDevice } from '../plan/hosts.ts';
import { EXAMPLE_HOSTS, exampleHost } from '../plan/planning.ts';

const textOf = (host: HostModel, words: readonly string[] = [], bridges = false): string[] =>
  devicesText(listDevices(host, { words, bridges }), host, words.length > 0).split('\n');

describe('devicesText', () => {
  test('a table in the order of groups', () => {
    expect(textOf(exampleHost('workstation')).join('\n')).toMatchInlineSnapshot(`
      "GROUP    ADDRESS       CLASS    NAME                                  DRIVER         RESET   CDEV   NUMA  CAN BE PASSED
      5        0000:00:14.0  usb      Intel Raptor Lake USB 3.2 xHCI cont…  xhci_hcd       pm      -      -     no: not bound
      11 (+1)  0000:00:1f.3  audio    Intel Raptor Lake high definition a…  snd_hda_intel  none    -      -     no: not bound
      14       0000:01:00.0  display  NVIDIA AD102 [GeForce RTX 4090]       vfio-pci       bus +1  vfio0  -     type1, iommufd
      14       0000:01:00.1  audio    NVIDIA AD102 high definition audio    vfio-pci       bus +1  vfio1  -     type1, iommufd
      15       0000:02:00.0  nvme     Samsung 990 PRO NVMe controller       nvme           flr     -      -     no: not bound
      16       0000:06:00.0  network  Intel I225-V ethernet controller      vfio-pci       flr     vfio2  -     type1, iommufd
      vmattach devices ADDRESS says why a device cannot be passed and what to do"
    `);
  });

  test('with a filter it says why a device cannot be passed and what to do', () => {
    expect(textOf(exampleHost('workstation'), ['01:00', 'nvme']).slice(4)).toEqual([
      '0000:02:00.0: NOT_BOUND',
      expect.stringMatching(/^ {2}cause: 0000:02:00\.0 \(Samsung 990 PRO NVMe controller\) is bound to nvme;/),
      expect.stringMatching(/^ {2}fix: /),
    ]);
  });

  test('bridges are told apart from devices that are not bound', () => {
    expect(textOf(exampleHost('workstation'), [], true)[2]).toMatch(/^2 +0000:00:01\.0 .* no: a bridge$/);
  });

  test('devices without a group come last', () => {
    const host = withDevice(exampleHost('workstation'), '0000:00:14.0', { group: null });
    expect(textOf(host).at(-2)).toMatch(/^- +0000:00:14\.0 .* no: no IOMMU group$/);
  });

  test.each(EXAMPLE_HOSTS)('%s: no line of the table is wider than 120 columns', (name) => {
    for (const line of textOf(exampleHost(name), [], true)) {
      expect(line.length).toBeLessThanOrEqual(120);
    }
  });
});
