import { beforeAll, describe, expect, test } from 'vitest';
import { DEVICE_TYPES } from '../../../src/devices/device-types.ts';
import { TYPES } from '../../../src/devices/type-hierarchy.ts';
import { OBJECT_TYPES } from '../../../src/objects/object-types.ts';
import { MonitoredMachine } from './monitored-machine.ts';

const LINE =
  '-m 64M -object iommufd,id=iommufd0 -object memory-backend-memfd,id=m,size=2M ' +
  '-device vfio-pci,id=nic,host=06:00.0,iommufd=iommufd0,addr=3 -device vfio-pci,host=01:00.0 -device vfio-pci,host=01:00.1';

describe('the objects of a machine', () => {
  let machine: MonitoredMachine;
  const get = (path: string, property: string) => machine.run('qom-get', { path, property });

  beforeAll(async () => {
    machine = await MonitoredMachine.start(LINE);
  });

  test.each([
    ['/machine/peripheral/nic', 'type', 'vfio-pci'],
    ['/machine/peripheral/nic', 'host', '0000:06:00.0'],
    ['/machine/peripheral/nic', 'sysfsdev', '/sys/bus/pci/devices/0000:06:00.0'],
    ['/machine/peripheral/nic', 'iommufd', '/objects/iommufd0'],
    ['/machine/peripheral/nic', 'addr', 24],
    ['/machine/peripheral/nic', 'x-no-mmap', false],
    ['/machine/peripheral/nic', 'rombar', -1],
    ['/machine/peripheral/nic', 'realized', true],
    ['/machine/peripheral/nic', 'hotplugged', false],
    ['/machine/peripheral/nic/iommufd', 'type', 'iommufd'],
    ['nic', 'type', 'vfio-pci'],
    ['/machine/peripheral-anon/device[0]', 'iommufd', ''],
    ['/objects/m', 'size', 2 * 1024 * 1024],
    ['/objects/m', 'share', true],
    ['/objects/pc.ram', 'size', 64 * 1024 * 1024],
    ['/machine', 'type', 'bare-machine'],
    ['/machine', 'peripheral', '/machine/peripheral'],
  ])('qom-get %s %s', async (path, property, value) => {
    expect(await get(path, property)).toEqual({ return: value });
  });

  test.each([
    ['/machine/peripheral/nic', 'fd', 'GenericError', "Property 'vfio-pci.fd' is not readable"],
    ['/machine/peripheral/nic', 'zz', 'GenericError', "Property 'vfio-pci.zz' not found"],
    ['/machine/peripheral/nic/host', 'type', 'DeviceNotFound', "Device '/machine/peripheral/nic/host' not found"],
    ['', 'type', 'DeviceNotFound', "Device '' not found"],
  ])('qom-get %s %s is refused', async (path, property, errorClass, desc) => {
    expect(await get(path, property)).toEqual({ error: { class: errorClass, desc } });
  });

  test.each([
    [
      '/machine/peripheral/nic',
      'addr',
      '4',
      "Attempt to set property 'addr' on device 'nic' (type 'vfio-pci') after it was realized",
    ],
    [
      '/machine/peripheral/nic',
      'iommufd',
      'x',
      "Attempt to set link property 'iommufd' on device 'nic' (type 'vfio-pci') after it was realized",
    ],
    [
      '/machine/peripheral-anon/device[0]',
      'addr',
      '4',
      "Attempt to set property 'addr' on anonymous device (type 'vfio-pci') after it was realized",
    ],
    ['/objects', 'iommufd0', 'x', "Property 'container.iommufd0' is not writable"],
    ['/objects/iommufd0', 'fd', 5, "Invalid parameter type for 'fd', expected: string"],
  ])('qom-set %s %s is refused', async (path, property, value, desc) => {
    expect(await machine.run('qom-set', { path, property, value })).toEqual({ error: { class: 'GenericError', desc } });
  });

  test('qom-list-get reads several objects at once, without what cannot be read', async () => {
    expect(await machine.run('qom-list-get', { paths: ['/objects/iommufd0', '/machine/peripheral'] })).toEqual({
      return: [
        {
          properties: [
            { name: 'type', type: 'string', value: 'iommufd' },
            { name: 'fd', type: 'string' },
            { name: 'compat', type: 'IOMMUFDCompat', value: '' },
          ],
        },
        {
          properties: [
            { name: 'type', type: 'string', value: 'container' },
            { name: 'nic', type: 'child<vfio-pci>', value: '/machine/peripheral/nic' },
          ],
        },
      ],
    });
  });

  test('every type of the tables is listed, and every device type tells its properties', async () => {
    const listed = (await machine.run('qom-list-types')).return;
    expect(listed).toEqual(
      expect.arrayContaining([...OBJECT_TYPES, ...DEVICE_TYPES].map(({ name }) => expect.objectContaining({ name }))),
    );
    for (const { name, properties } of DEVICE_TYPES) {
      expect((await machine.run('device-list-properties', { typename: name })).return).toHaveLength(
        properties.filter((property) => property.name !== 'bus').length,
      );
    }
  });

  test('every type has its parent in the list, up to the root', () => {
    for (const { name, parent } of TYPES.values()) expect(parent === undefined ? name : TYPES.get(parent)).toBeDefined();
  });

  test('device-list-properties gives types and defaults of the table', async () => {
    const { return: listed } = await machine.run('device-list-properties', { typename: 'vfio-pci' });
    expect(listed).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: 'fd', type: 'string' }),
        expect.objectContaining({ name: 'iommufd', type: 'link<iommufd>' }),
        expect.objectContaining({ name: 'rombar', type: 'int32', 'default-value': -1 }),
        expect.objectContaining({ name: 'x-no-mmap', type: 'bool', 'default-value': false }),
      ]),
    );
  });

  test('query-pci shows who sits where', async () => {
    expect(await machine.run('query-pci')).toEqual({
      return: [
        {
          bus: 0,
          devices: [
            expect.objectContaining({ slot: 0, function: 0, qdev_id: '' }),
            expect.objectContaining({ slot: 1, function: 0, qdev_id: '' }),
            expect.objectContaining({ slot: 3, function: 0, qdev_id: 'nic' }),
          ],
        },
      ],
    });
  });

  test('query-memdev lists memory backends, guest RAM that nobody wrote included', async () => {
    expect(await machine.run('query-memdev')).toEqual({
      return: [
        expect.objectContaining({ id: 'm', size: 2 * 1024 * 1024, share: true, policy: 'default' }),
        expect.objectContaining({ id: 'pc.ram', size: 64 * 1024 * 1024, share: false }),
      ],
    });
  });

  test('x-vmattach-plan and x-vmattach-timeline say what is attached, how, and how long it took', async () => {
    expect((await machine.run('x-vmattach-plan')).return).toMatchObject({
      schema: 'vmattach.plan/1',
      devices: [{ backend: 'iommufd' }, { backend: 'type1' }, { backend: 'type1' }],
    });
    expect((await machine.run('x-vmattach-timeline')).return).toMatchObject({
      'predicted-ms': expect.any(Number),
      steps: expect.arrayContaining([
        expect.objectContaining({ call: 'VFIO_DEVICE_BIND_IOMMUFD', 'ended-ms': expect.any(Number) }),
      ]),
    });
  });
});

describe('the state of a machine', () => {
  test('cont and stop are told of once each', async () => {
    const machine = await MonitoredMachine.start();
    for (const command of ['stop', 'cont', 'cont', 'stop', 'stop']) await machine.run(command);
    expect(machine.names()).toEqual(['RESUME', 'STOP']);
  });

  test('system_reset resets each device, the last created first, and says what it could not reset', async () => {
    const machine = await MonitoredMachine.start(
      '-m 64M -device vfio-pci,id=a,host=06:00.0 -device vfio-pci,id=b,host=01:00.0 -device vfio-pci,id=c,host=01:00.1',
    );
    const before = ['0000:06:00.0', '0000:01:00.0', '0000:01:00.1'].map((name) => machine.kernel.resetCount(name));
    expect(await machine.run('system_reset')).toEqual({ return: {} });
    const resets = ['0000:06:00.0', '0000:01:00.0', '0000:01:00.1'].map(
      (name, index) => machine.kernel.resetCount(name) - (before[index] ?? 0),
    );
    expect(resets.reduce((sum, count) => sum + count, 0) + machine.warnings.length).toBe(3);
    expect(machine.events).toEqual([{ event: 'RESET', data: { guest: false, reason: 'host-qmp-system-reset' } }]);
    expect(await machine.end()).toEqual([]);
  });

  test.each([
    ['query-name', { name: 'guest' }],
    ['query-uuid', { UUID: '00000000-0000-0000-0000-000000000000' }],
    ['query-kvm', { enabled: false, present: false }],
    ['query-target', { arch: process.arch === 'x64' ? 'x86_64' : expect.any(String) }],
    ['query-status', { status: 'prelaunch', running: false }],
    ['query-memory-size-summary', { 'base-memory': 64 * 1024 * 1024, 'plugged-memory': 0 }],
    ['query-chardev', [{ label: 'compat_monitor0', filename: 'unix:/run/qmp.sock,server=on', 'frontend-open': true }]],
  ])('%s', async (command, reply) => {
    expect(await (await MonitoredMachine.start()).run(command)).toEqual({ return: reply });
  });
});
