import { beforeEach, describe, expect, test } from 'vitest';
import { MonitoredMachine } from './monitored-machine.ts';

const NIC = '0000:06:00.0';
const IN_USE = { error: { class: 'GenericError', desc: "object 'iommufd0' is in use, can not be deleted" } };

describe('hotplug over the monitor', () => {
  let machine: MonitoredMachine;

  const cdevOf = (address: string): string => {
    const device = machine.live.plan.devices.find(({ name }) => name === address);
    return device?.cdev?.path ?? '';
  };

  const nicNode = async (): Promise<string> => {
    await machine.run('device_add', { driver: 'vfio-pci', id: 'probe', host: NIC });
    const node = cdevOf(NIC);
    await machine.run('device_del', { id: 'probe' });
    await machine.settle();
    machine.events.length = 0;
    return node;
  };

  beforeEach(async () => {
    machine = await MonitoredMachine.start();
  });

  test("libvirt's sequence with passed fds works word for word, and leaves nothing", async () => {
    const cdev = machine.open(await nicNode(), 'vfio-cdev', NIC);
    const iommufd = machine.open('/dev/iommu', 'iommufd');
    expect(await machine.run('getfd', { fdname: 'iommufd' }, [iommufd])).toEqual({ return: {} });
    expect(await machine.run('getfd', { fdname: 'hostdev-hostdev0-fd' }, [cdev])).toEqual({ return: {} });
    expect(await machine.run('object-add', { 'qom-type': 'iommufd', id: 'iommufd0', fd: 'iommufd' })).toEqual({ return: {} });
    const hostdev = {
      driver: 'vfio-pci',
      id: 'hostdev0',
      iommufd: 'iommufd0',
      fd: 'hostdev-hostdev0-fd',
      bus: 'pcie.0',
      addr: '0x3',
    };
    expect(await machine.run('device_add', hostdev)).toEqual({ return: {} });
    expect(machine.kernel.dmaRead(NIC, 0n, new Uint8Array(8))).toBe(true);
    expect((await machine.run('closefd', { fdname: 'hostdev-hostdev0-fd' })).error?.desc).toBe(
      "File descriptor named 'hostdev-hostdev0-fd' not found",
    );
    expect(await machine.run('object-del', { id: 'iommufd0' })).toEqual(IN_USE);
    expect(await machine.run('device_del', { id: 'hostdev0' })).toEqual({ return: {} });
    await machine.settle();
    expect(await machine.run('object-del', { id: 'iommufd0' })).toEqual({ return: {} });
    expect(machine.events).toEqual([
      {
        event: 'VMATTACH_DEVICE_ATTACHED',
        data: {
          device: 'hostdev0',
          path: '/machine/peripheral/hostdev0',
          host: NIC,
          backend: 'iommufd',
          'duration-ms': expect.any(Number),
        },
      },
      { event: 'VMATTACH_DEVICE_DETACHED', data: expect.objectContaining({ device: 'hostdev0', backend: 'iommufd' }) },
      { event: 'DEVICE_DELETED', data: { device: 'hostdev0', path: '/machine/peripheral/hostdev0' } },
    ]);
    expect(await machine.end()).toEqual([]);
  });

  test('a device whose fd the parent passed by number is given back when it is unplugged', async () => {
    const cdev = machine.open(await nicNode(), 'vfio-cdev', NIC);
    await machine.run('object-add', { 'qom-type': 'iommufd', id: 'iommufd0' });
    await machine.run('device_add', { driver: 'vfio-pci', id: 'h', iommufd: 'iommufd0', fd: String(cdev) });
    await machine.run('device_del', { id: 'h' });
    expect(await machine.end()).toEqual([]);
  });

  test('an fd set serves too, and its own fds stay', async () => {
    const cdev = machine.open(await nicNode(), 'vfio-cdev', NIC);
    await machine.run('object-add', { 'qom-type': 'iommufd', id: 'iommufd0' });
    expect(await machine.run('add-fd', { 'fdset-id': 3 }, [cdev])).toEqual({ return: { 'fdset-id': 3, fd: cdev } });
    const hostdev = { driver: 'vfio-pci', id: 'h', iommufd: 'iommufd0', fd: '/dev/fdset/3' };
    expect(await machine.run('device_add', hostdev)).toEqual({ return: {} });
    await machine.run('device_del', { id: 'h' });
    await machine.settle();
    expect(await machine.run('query-fdsets')).toEqual({ return: [{ 'fdset-id': 3, fds: [{ fd: cdev }] }] });
    await machine.run('remove-fd', { 'fdset-id': 3 });
    expect(await machine.end()).toEqual([]);
  });

  test('a failed command consumes and closes nothing: the name can be used again', async () => {
    const cdev = machine.open(await nicNode(), 'vfio-cdev', NIC);
    await machine.run('getfd', { fdname: 'cdev' }, [cdev]);
    expect((await machine.run('device_add', { driver: 'vfio-pci', id: 'h', fd: 'cdev' })).error?.desc).toBe(
      'Use FD passing only with iommufd backend',
    );
    await machine.run('object-add', { 'qom-type': 'iommufd', id: 'iommufd0' });
    expect(await machine.run('device_add', { driver: 'vfio-pci', id: 'h', iommufd: 'iommufd0', fd: 'cdev' })).toEqual({
      return: {},
    });
    await machine.run('device_del', { id: '/machine/peripheral/h' });
    expect(await machine.end()).toEqual([]);
  });

  test('the RAM of the machine stays', async () => {
    expect((await machine.run('object-del', { id: 'pc.ram' })).error?.desc).toBe("object 'pc.ram' is in use, can not be deleted");
    await machine.run('device_add', { driver: 'vfio-pci', id: 'h', host: NIC });
    expect(await machine.end()).toEqual([]);
  });

  test('a memory backend without memory is refused', async () => {
    const reply = await machine.run('object-add', { 'qom-type': 'memory-backend-ram', id: 'm', size: 0 });
    expect(reply.error?.desc).toBe("property 'size' of memory-backend-ram doesn't take value '0'");
    expect(await machine.run('object-add', { 'qom-type': 'memory-backend-ram', id: 'm', size: 4096 })).toEqual({ return: {} });
  });

  test('an iommufd object gets another fd while nobody uses it; the one before is closed', async () => {
    await machine.run('getfd', { fdname: 'one' }, [machine.open('/dev/iommu', 'iommufd')]);
    await machine.run('object-add', { 'qom-type': 'iommufd', id: 'i', fd: 'one' });
    await machine.run('getfd', { fdname: 'two' }, [machine.open('/dev/iommu', 'iommufd')]);
    const set = { path: '/objects/i', property: 'fd', value: 'two' };
    expect(await machine.run('qom-set', set)).toEqual({ return: {} });
    await machine.run('device_add', { driver: 'vfio-pci', id: 'h', host: NIC, iommufd: 'i' });
    await machine.run('getfd', { fdname: 'three' }, [machine.open('/dev/iommu', 'iommufd')]);
    expect((await machine.run('qom-set', { ...set, value: 'three' })).error?.desc).toBe("object 'i' is in use, can not be changed");
    await machine.run('device_del', { id: 'h' });
    await machine.settle();
    await machine.run('object-del', { id: 'i' });
    expect(await machine.end()).toEqual([]);
  });

  test('an fd is identified before it is used', async () => {
    await machine.run('getfd', { fdname: 'container' }, [machine.open('/dev/vfio/vfio', 'vfio-container')]);
    const reply = await machine.run('object-add', { 'qom-type': 'iommufd', id: 'iommufd0', fd: 'container' });
    expect(reply.error?.desc).toMatch(/^fd \d+ is a VFIO container \(\/dev\/vfio\/vfio\), not an iommufd/);
    expect(await machine.run('qom-list', { path: '/objects' })).toEqual({
      return: [
        { name: 'type', type: 'string' },
        { name: 'pc.ram', type: 'child<memory-backend-ram>' },
      ],
    });
    expect(await machine.end()).toEqual([]);
  });

  test.each([
    ['object-add', { 'qom-type': 'iommufd', id: 'i', fd: 'x' }],
    ['device_add', { driver: 'vfio-pci', fd: 'x' }],
  ])('%s with a name nobody gave is refused in the words of QEMU', async (command, parameters) => {
    expect((await machine.run(command, parameters)).error).toEqual({
      class: 'GenericError',
      desc: "Could not parse remote object fd x:File descriptor named 'x' has not been found",
    });
  });

  test.each([
    ['driver is missing', {}, 'GenericError', "Parameter 'driver' is missing"],
    ['driver is no text', { driver: 5 }, 'GenericError', "Parameter 'driver' is missing"],
    ['driver is unknown', { driver: 'nosuch' }, 'GenericError', "'nosuch' is not a valid device model name"],
    ['driver is an object', { driver: 'iommufd' }, 'GenericError', "'iommufd' is not a valid device model name"],
    ['driver is abstract', { driver: 'pci-device' }, 'GenericError', "Parameter 'driver' expects a non-abstract device type"],
    [
      'type cannot be plugged',
      { driver: 'vfio-pci-nohotplug' },
      'GenericError',
      "Device 'vfio-pci-nohotplug' does not support hotplugging",
    ],
    ['host device is missing', { driver: 'vfio-pci' }, 'GenericError', 'No provided host device'],
    ['link leads nowhere', { driver: 'vfio-pci', host: NIC, iommufd: 'nosuch' }, 'DeviceNotFound', "Device 'nosuch' not found"],
    ['bus is not there', { driver: 'vfio-pci', host: NIC, bus: 'rp0' }, 'GenericError', "Bus 'rp0' not found"],
    ['fd is no text', { driver: 'vfio-pci', fd: 22 }, 'GenericError', "Invalid parameter type for 'fd', expected: string"],
  ])('device_add: %s', async (_what, parameters, errorClass, desc) => {
    expect((await machine.run('device_add', parameters)).error).toEqual({ class: errorClass, desc });
    expect(machine.live.plan.devices).toEqual([]);
  });

  test('device_del: a second request while the first is under way is refused', async () => {
    await machine.run('device_add', { driver: 'vfio-pci', id: 'h', host: NIC });
    const [first, second] = await Promise.all([machine.run('device_del', { id: 'h' }), machine.run('device_del', { id: 'h' })]);
    expect([first, second]).toContainEqual({
      error: { class: 'GenericError', desc: 'Device h is already in the process of unplug' },
    });
    await machine.settle();
    expect((await machine.run('device_del', { id: 'h' })).error).toEqual({
      class: 'DeviceNotFound',
      desc: "Device 'h' not found",
    });
    expect(machine.names().filter((name) => name === 'DEVICE_DELETED')).toHaveLength(1);
  });

  test('device_del: what is no device is refused', async () => {
    expect((await machine.run('device_del', { id: '/machine/peripheral' })).error?.desc).toBe(
      '/machine/peripheral is not a device',
    );
  });

  test('a device without an id has an event without one', async () => {
    await machine.run('device_add', { driver: 'vfio-pci', host: NIC });
    await machine.run('device_del', { id: '/machine/peripheral-anon/device[0]' });
    await machine.settle();
    expect(machine.events.at(-1)).toEqual({ event: 'DEVICE_DELETED', data: { path: '/machine/peripheral-anon/device[0]' } });
  });

  test('an unplug that the end of the machine overtakes is no news', async () => {
    await machine.run('device_add', { driver: 'vfio-pci', id: 'nic', host: NIC });
    machine.events.length = 0;
    await machine.live.detach();
    expect(await machine.run('device_del', { id: 'nic' })).toEqual({ return: {} });
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    expect([machine.events, machine.warnings]).toEqual([[], []]);
  });
});
