import { describe, expect, test } from 'vitest';
import { VmattachError } from '../../src/errors/problem.ts';
import { engineCommand, type EngineFds } from '../../src/launch/engine-command.ts';
import { expandOptions } from '../../src/options/expand-options.ts';
import { scanArgv } from '../../src/options/scan-argv.ts';
import { createPlan } from '../../src/plan/create-plan.ts';
import type { BackendSettings } from '../../src/plan/select-backend.ts';
import { readRequest } from '../../src/request/read-request.ts';
import { OWN_OPTIONS } from '../../src/cli/own-options.ts';
import { device, group, hostModel } from '../host/models.ts';

const HOST = hostModel({
  groups: [group({ id: 1 }), group({ id: 2 })],
  devices: [
    device({ address: '0000:01:00.0', driver: 'vfio-pci', group: 1, cdev: { name: 'vfio0', device: '511:0' } }),
    device({ address: '0000:02:00.0', driver: 'vfio-pci', group: 2, cdev: { name: 'vfio1', device: '511:1' } }),
  ],
});

interface Settings {
  readonly byDefault?: BackendSettings['byDefault'];
  readonly fds?: EngineFds;
  /** The text of every configuration file. */
  readonly file?: string;
}

const lower = (argv: readonly string[], { byDefault = 'type1', fds = new Map(), file = '' }: Settings = {}) => {
  const words = scanArgv(argv, OWN_OPTIONS);
  const scanned = { ...words, options: expandOptions(words.options, () => file) };
  const enabled = new Set(['type1', 'iommufd', 'iommufd-compat'] as const);
  const plan = createPlan(readRequest(scanned, 'pc'), HOST, { byDefault, enabled });
  return engineCommand(scanned, plan, fds);
};

describe('what goes through word for word', () => {
  test.each([
    [['-machine', 'q35', '-m', '1G', '--device', 'vfio-pci,host=01:00.0', 'disk.img', '-snapshot']],
    [['-object', 'iommufd,id=i0', '-device', '{"driver":"vfio-pci", "host":"01:00.0", "iommufd":"i0"}']],
    [['-device', 'virtio-rng-pci', '-object', 'rng-random,id=r0,filename=/dev/random', '-device', 'vfio-pci,host=02:00.0']],
    [['-name', '-x', '-append', 'a b  c', '-kernel', 'ü']],
    [['-machine', 'none', '-S', '--no-user-config', '-nodefaults', '-qmp', 'unix:/tmp/a,server=on,wait=off', '-daemonize']],
  ])('%o', (argv) => {
    expect(lower(argv)).toEqual({ argv, changes: [] });
  });

  test('but for our own options', () => {
    const argv = [
      '--default-backend',
      'type1',
      '-S',
      '--log-level=debug',
      'a.img',
      '--qemu',
      'q',
      '-device',
      'vfio-pci,host=01:00.0',
    ];
    expect(lower(argv).argv).toEqual(['-S', 'a.img', '-device', 'vfio-pci,host=01:00.0']);
  });
});

describe('what only vmattach understands', () => {
  test('--default-backend iommufd: one object before the first device, and a link from each that has none', () => {
    const argv = [
      ['-device', 'virtio-rng-pci'],
      ['-object', 'iommufd,id=mine'],
      ['-device', 'vfio-pci,host=01:00.0,iommufd=mine'],
      ['-device', 'vfio-pci,host=02:00.0'],
    ].flat();
    const { argv: lowered, changes } = lower(argv, { byDefault: 'iommufd' });
    expect(lowered).toEqual([
      ...argv.slice(0, 6),
      '-object',
      'iommufd,id=iommufd0',
      '-device',
      'vfio-pci,host=02:00.0,iommufd=iommufd0',
    ]);
    expect(changes.map(({ from, to }) => [from, to])).toEqual([
      [undefined, '-object iommufd,id=iommufd0'],
      ['-device vfio-pci,host=02:00.0', '-device vfio-pci,host=02:00.0,iommufd=iommufd0'],
    ]);
    expect(changes.flatMap(({ reasons }) => reasons)).toEqual([
      'a device uses iommufd and names no object; vmattach makes one',
      'it is attached through iommufd: it links to no iommufd object and --default-backend is iommufd',
    ]);
  });

  test("an object's id that is taken, by an object of the engine even, is not used again", () => {
    const { argv } = lower(['-object', 'secret,id=iommufd0,data=x', '-device', 'vfio-pci,host=01:00.0'], { byDefault: 'iommufd' });
    expect(argv.slice(2)).toEqual([
      '-object',
      'iommufd,id=vmattach-iommufd1',
      '-device',
      'vfio-pci,host=01:00.0,iommufd=vmattach-iommufd1',
    ]);
  });

  test('the iommu spelling, in both forms', () => {
    expect(lower(['-object', 'iommu,id=i0', '-device', 'vfio-iommu-pci,host=01:00.0,iommu=i0']).argv).toEqual([
      '-object',
      'iommufd,id=i0',
      '-device',
      'vfio-pci,host=01:00.0,iommufd=i0',
    ]);
    expect(
      lower(['-object', '{"qom-type":"iommu","id":"i0"}', '-device', '{"driver":"vfio-iommu-pci","host":"01:00.0","iommu":"i0"}'])
        .argv,
    ).toEqual(['-object', '{"qom-type":"iommufd","id":"i0"}', '-device', '{"driver":"vfio-pci","host":"01:00.0","iommufd":"i0"}']);
  });

  test('fds that are open by then go to their object and device by number', () => {
    const fds = new Map([
      ['/objects/#iommufd0', 40],
      ['/machine/peripheral-anon/device[0]', 41],
    ]);
    const { argv, changes } = lower(['-device', 'vfio-pci,host=01:00.0'], { byDefault: 'iommufd', fds });
    expect(argv).toEqual(['-object', 'iommufd,id=iommufd0,fd=40', '-device', 'vfio-pci,host=01:00.0,iommufd=iommufd0,fd=41']);
    expect(changes.at(-1)?.reasons.at(-1)).toBe('vmattach has opened /dev/vfio/devices/vfio0 for QEMU');
  });

  test('equal devices are each changed in their place', () => {
    const twice = ['-device', 'vfio-iommu-pci,host=01:00.0', '-device', 'vfio-iommu-pci,host=01:00.0'];
    expect(lower(twice).argv.filter((word) => word === 'vfio-pci,host=01:00.0,iommufd=iommufd0')).toHaveLength(2);
  });

  test('compat= has no form in the engine', () => {
    expect(() => lower(['-object', 'iommufd,id=i0,compat=type1v2'])).toThrow(VmattachError);
  });
});

describe('a device of a configuration file', () => {
  const FILE = '[device "d0"]\n driver = "vfio-pci"\n host = "01:00.0"\n';
  const argv = ['-readconfig', 'c', '-S'];

  test('stays there as it is', () => {
    expect(lower(argv, { file: FILE })).toEqual({ argv, changes: [] });
  });

  test('gets what it lacks by -set', () => {
    expect(lower(argv, { file: FILE, byDefault: 'iommufd' }).argv).toEqual([
      ...['-readconfig', 'c', '-object', 'iommufd,id=iommufd0', '-set', 'device.d0.iommufd=iommufd0', '-S'],
    ]);
  });

  test.each([
    ['it has no id', FILE.replace(' "d0"', '')],
    ['a property would have to go', FILE.replace('"vfio-pci"', '"vfio-iommu-pci"\n iommu = "i0"')],
  ])('is refused when %s', (_, file) => {
    const lowered = (): unknown => lower(['-object', 'iommufd,id=i0', ...argv], { file, byDefault: 'iommufd' });
    expect(lowered).toThrow('this section cannot be put into words of QEMU');
  });
});

test('what -set says stays where it is and is not said twice', () => {
  const argv = ['-device', 'vfio-pci,id=a,host=01:00.0', '-set', 'device.a.romfile=x'];
  expect(lower(argv)).toEqual({ argv, changes: [] });
  expect(lower(argv, { byDefault: 'iommufd' }).argv.slice(2)).toEqual([
    ...['-device', 'vfio-pci,id=a,host=01:00.0,iommufd=iommufd0', '-set', 'device.a.romfile=x'],
  ]);
});
