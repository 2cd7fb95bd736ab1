import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scanArgv } from '../../src/options/scan-argv.ts';
import { readRequest } from '../../src/request/read-request.ts';
import type { RequestWarning } from '../../src/request/request.ts';
import { problemOf } from '../options/problem-of.ts';
import { requestOf, words } from '../plan/planning.ts';

const json = (members: Record<string, unknown>): string => JSON.stringify({ driver: 'vfio-pci', ...members });

describe('readRequest creates', () => {
  test('memory backends after all other objects, each kind in the order of the command line', () => {
    const { tree, objects } = requestOf(
      '-object memory-backend-ram,id=m1,size=1M -object iommufd,id=i1 -object memory-backend-ram,id=m0,size=1M -object iommufd,id=i0',
    );
    expect(tree.children('/objects').map(({ name }) => name)).toEqual(['i1', 'i0', 'm1', 'm0', 'pc.ram']);
    expect(objects.map(({ id }) => id)).toEqual(['m1', 'i1', 'm0', 'i0']);
  });

  test('the default RAM as an object of the machine', () => {
    expect(requestOf('-m 64').tree.get('/objects/pc.ram')?.type).toBe('memory-backend-ram');
    expect(requestOf('-m 64 -mem-path /dev/shm/x').tree.get('/objects/pc.ram')?.type).toBe('memory-backend-file');
    expect(
      requestOf('-object memory-backend-ram,id=m,size=64M -machine memory-backend=m').tree.get('/objects/pc.ram'),
    ).toBeUndefined();
  });

  test('an object before a device that stands left of it', () => {
    const [device] = requestOf('-device vfio-pci,host=01:00.0,iommufd=i -object iommufd,id=i').devices;
    expect(device?.object?.id).toBe('i');
  });

  test('devices in the order of the command line, whichever form they have', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 20 }), (forms) => {
        const argv = forms.flatMap((isJson, index) => ['-device', isJson ? json({ id: `d${index}` }) : `vfio-pci,id=d${index}`]);
        const { devices, tree } = requestOf(argv);
        const ids = forms.map((_, index) => `d${index}`);
        expect(devices.map(({ spec }) => spec.id)).toEqual(ids);
        expect(tree.children('/machine/peripheral').map(({ name }) => name)).toEqual(ids);
      }),
      { numRuns: 50 },
    );
  });

  test('anonymous devices under their number', () => {
    const { devices } = requestOf('-device vfio-pci -device vfio-pci,id=a -device vfio-pci');
    expect(devices.map(({ path }) => path)).toEqual([
      '/machine/peripheral-anon/device[0]',
      '/machine/peripheral/a',
      '/machine/peripheral-anon/device[1]',
    ]);
  });

  test('no device of an engine, and leaves it out of the plan', () => {
    const { devices, machine } = requestOf(
      '-machine q35 -device virtio-net-pci,id=n -device vfio-pci,host=01:00.0 -object rng-random,id=r',
    );
    expect([machine.type, devices.length]).toEqual(['q35', 1]);
  });

  test('a warning for a flag, with where it stands', () => {
    const warnings: RequestWarning[] = [];
    readRequest(scanArgv(['-device', 'vfio-pci,multifunction']), 'pc', (warning) => warnings.push(warning));
    expect(warnings).toEqual([
      {
        location: '-device vfio-pci,multifunction',
        message: "short-form boolean option 'multifunction' deprecated",
        hint: ['Please use multifunction=on instead'],
      },
    ]);
  });
});

describe('readRequest looks at the fd of an object when it creates it, so without a location', () => {
  test.each(['foo', '-1', '2147483648', ''])('fd=%s', (fd) => {
    const { code, message, location } = problemOf(() => requestOf(`-object iommufd,id=m,fd=${fd}`));
    expect([code, message, location]).toEqual([
      'VALUE_INVALID',
      `Could not parse remote object fd ${fd}:Invalid file descriptor number '${fd}'`,
      undefined,
    ]);
  });
});

describe('readRequest links a device', () => {
  test.each([
    ['by id', '-object iommufd,id=i -device vfio-pci,iommufd=i', 'i'],
    ['by path', '-object iommufd,id=i -device vfio-pci,iommufd=/objects/i', 'i'],
    ['to the other spelling of the object', '-object iommu,id=i -device vfio-pci,iommufd=i', 'i'],
    ['by iommu=', '-object iommufd,id=i -device vfio-iommu-pci,iommu=i', 'i'],
    ['by both properties when they agree', '-object iommu,id=i -device vfio-iommu-pci,iommu=i,iommufd=i', 'i'],
    [
      'to an object whose id is the name of the property, twice',
      '-object iommufd,id=iommufd -device vfio-pci,iommufd=iommufd -device vfio-pci,iommufd=iommufd',
      'iommufd',
    ],
    ['to nothing', '-object iommufd,id=i -device vfio-pci', undefined],
  ])('%s', (_what, line, id) => {
    for (const { object } of requestOf(line).devices) expect(object?.id).toBe(id);
  });
});

describe('readRequest refuses', () => {
  const two = '-object iommufd,id=a -object iommufd,id=b';
  test.each<[line: string, code: string, message: string, location?: string]>([
    ['-device vfio-pci,iommufd=x', 'LINK_NOT_FOUND', "Device 'x' not found", '-device vfio-pci,iommufd=x'],
    [
      '-object memory-backend-ram,id=m,size=1M -device vfio-pci,iommufd=m',
      'LINK_WRONG_TYPE',
      "Invalid parameter type for 'iommufd', expected: iommufd",
      '-device vfio-pci,iommufd=m',
    ],
    [
      '-device vfio-pci,iommufd=',
      'VALUE_INVALID',
      "Property 'vfio-pci.iommufd' doesn't take value ''",
      '-device vfio-pci,iommufd=',
    ],
    [
      '-device vfio-iommu-pci,iommu=',
      'VALUE_INVALID',
      "Property 'vfio-iommu-pci.iommu' doesn't take value ''",
      '-device vfio-iommu-pci,iommu=',
    ],
    [
      `${two} -device vfio-iommu-pci,iommu=a,iommufd=b`,
      'CONFLICT',
      'iommufd=b and iommu=a name different objects',
      '-device vfio-iommu-pci,iommu=a,iommufd=b',
    ],
    ['-object iommufd,id=a -object iommufd,id=a', 'ID_DUPLICATE', "Duplicate ID 'a' for object", '-object iommufd,id=a'],
    [
      '-object iommufd,id=a -object {"qom-type":"iommufd","id":"a"}',
      'ID_DUPLICATE',
      "attempt to add duplicate property 'a' to object (type 'container')",
    ],
    ['-object iommufd,id=type', 'ID_DUPLICATE', "attempt to add duplicate property 'type' to object (type 'container')"],
    ['-device vfio-pci,id=a -device vfio-pci,id=a', 'ID_DUPLICATE', "Duplicate ID 'a' for device", '-device vfio-pci,id=a'],
    [
      '-device vfio-pci,id=a -device {"driver":"vfio-pci","id":"a"}',
      'ID_DUPLICATE',
      "Duplicate device ID 'a'",
      '-device {"driver":"vfio-pci","id":"a"}',
    ],
    ['-device vfio-pci,id=type', 'ID_DUPLICATE', "Duplicate device ID 'type'", '-device vfio-pci,id=type'],
    [
      '-device vfio-pci,addr=3 -device vfio-pci,addr=3',
      'CONFLICT',
      'PCI: slot 3 function 0 not available for vfio-pci, in use by vfio-pci,id=(null)',
      '-device vfio-pci,addr=3',
    ],
    ['-device vfio-pci,bus=rp1', 'LINK_NOT_FOUND', "Bus 'rp1' not found", '-device vfio-pci,bus=rp1'],
  ])('%s', (line, code, message, location) => {
    const problem = problemOf(() => requestOf(line));
    expect([problem.code, problem.message, problem.location]).toEqual([code, message, location]);
  });

  test('nothing of that on the buses of an engine', () => {
    expect(requestOf('-machine q35 -device vfio-pci,bus=rp1,addr=3 -device vfio-pci,bus=rp1,addr=3').devices).toHaveLength(2);
  });
});

describe('-machine bare refuses what only an engine can do', () => {
  test.each([
    ['-drive if=none', '-drive if=none'],
    ['-netdev user,id=n', '-netdev user,id=n'],
    ['-kernel vmlinuz', '-kernel vmlinuz'],
    ['disk.img', 'disk.img'],
  ])('%s', (line, location) => {
    expect(problemOf(() => requestOf(line))).toMatchObject({
      code: 'OPTION_UNSUPPORTED',
      message: 'not supported by -machine bare',
      location,
    });
  });

  test.each([
    ['-object rng-random,id=r', "object type 'rng-random' is not supported by -machine bare"],
    ['-device virtio-net-pci', "device 'virtio-net-pci' is not supported by -machine bare"],
    ['-device {"driver":"e1000e"}', "device 'e1000e' is not supported by -machine bare"],
  ])('%s', (line, message) => {
    expect(problemOf(() => requestOf(line))).toMatchObject({ code: 'TYPE_UNKNOWN', message, location: line });
  });

  test.each(['-cpu host', '-smp 4', '-nodefaults', '-display none', '-S', '-enable-kvm', '-name guest', '-accel kvm'])(
    'but takes %s, which says nothing about it',
    (line) => {
      expect(requestOf([...words(line), ...words('-device vfio-pci,host=01:00.0')]).devices).toHaveLength(1);
    },
  );
});
