import { beforeEach, describe, expect, test } from 'vitest';
import { MonitoredMachine } from './monitored-machine.ts';

let machine: MonitoredMachine;
beforeEach(async () => {
  machine = await MonitoredMachine.start('-m 4G -object iommufd,id=i -device vfio-pci,id=nic,host=0000:06:00.0,iommufd=i,addr=5.1');
});

describe('the run state', () => {
  test('is prelaunch until cont, then what clients say; each change is told once', async () => {
    const steps = ['stop', 'cont', 'cont', 'stop', 'stop', 'cont'];
    const seen: unknown[] = [];
    for (const step of steps) {
      expect(await machine.run(step)).toEqual({ return: {} });
      seen.push((await machine.run('query-status')).return);
    }
    expect(seen).toEqual([
      { status: 'prelaunch', running: false },
      { status: 'running', running: true },
      { status: 'running', running: true },
      { status: 'paused', running: false },
      { status: 'paused', running: false },
      { status: 'running', running: true },
    ]);
    expect(machine.names()).toEqual(['RESUME', 'STOP', 'RESUME']);
  });

  test('a reset resets the devices and is told; what cannot be reset is a warning', async () => {
    expect(await machine.run('system_reset')).toEqual({ return: {} });
    expect(machine.events).toEqual([{ event: 'RESET', data: { guest: false, reason: 'host-qmp-system-reset' } }]);
  });
});

describe('what the machine says about itself', () => {
  test.each([
    ['query-name', { name: 'guest' }],
    ['query-uuid', { UUID: '00000000-0000-0000-0000-000000000000' }],
    ['query-kvm', { enabled: false, present: false }],
    ['query-memory-size-summary', { 'base-memory': 4 * 2 ** 30, 'plugged-memory': 0 }],
    ['query-memory-devices', []],
    ['query-cpus-fast', []],
    ['query-iothreads', []],
    ['query-block', []],
    ['query-chardev', [{ label: 'compat_monitor0', filename: 'unix:/run/qmp.sock,server=on', 'frontend-open': true }]],
  ])('%s', async (command, answer) => {
    expect(await machine.run(command)).toEqual({ return: answer });
  });

  test('it has no balloon, and no vCPU to plug', async () => {
    expect((await machine.run('query-balloon')).error).toEqual({
      class: 'DeviceNotActive',
      desc: 'No balloon device has been activated',
    });
    expect((await machine.run('query-hotpluggable-cpus')).error?.class).toBe('GenericError');
  });

  test('query-memdev shows guest RAM, sizes exact', async () => {
    expect((await machine.run('query-memdev')).return).toEqual([
      {
        ...{ id: 'pc.ram', size: 4 * 2 ** 30, merge: true, dump: true, prealloc: false, share: false, reserve: true },
        ...{ 'host-nodes': [], policy: 'default' },
      },
    ]);
  });

  test('query-pci shows each device where it is plugged in', async () => {
    const buses = (await machine.run('query-pci')).return as readonly { readonly devices: readonly object[] }[];
    expect(buses[0]?.devices).toEqual([
      expect.objectContaining({ bus: 0, slot: 5, function: 1, qdev_id: 'nic', id: { device: 0x15f3, vendor: 0x8086 } }),
    ]);
  });

  test('x-vmattach-plan is the plan that holds now', async () => {
    const plan = async () =>
      (await machine.run('x-vmattach-plan')).return as { readonly devices: readonly { readonly id: string }[] };
    expect((await plan()).devices.map(({ id }) => id)).toEqual(['nic']);
    await machine.run('device_add', { driver: 'vfio-pci', id: 'gpu', host: '0000:01:00.0', iommufd: 'i' });
    expect((await plan()).devices.map(({ id }) => id)).toEqual(['nic', 'gpu']);
  });

  test('x-vmattach-plan says beforehand what a device_add would do, and changes nothing', async () => {
    const before = (await machine.run('x-vmattach-plan')).return;
    const foresee = async (device: unknown) => machine.run('x-vmattach-plan', { device });
    expect((await foresee({ driver: 'vfio-pci', id: 'gpu', host: '01:00.0', iommufd: 'i' })).return).toMatchObject({
      devices: [{ id: 'nic' }, { id: 'gpu', backend: 'iommufd' }],
      problems: [],
    });
    expect((await foresee({ driver: 'vfio-pci', id: 'disk', host: '02:00.0' })).return).toMatchObject({
      problems: [
        { code: 'NOT_BOUND', cause: expect.stringContaining('nvme'), fixes: ['vmattach bind 0000:02:00.0'] },
        { code: 'DOUBLE_MAP' },
      ],
    });
    expect((await foresee({ driver: 'vfio-pci', host: '02:00.0', iommufd: 'x' })).error?.desc).toBe("Device 'x' not found");
    expect((await foresee('nic')).error?.desc).toBe("Invalid parameter type for 'device', expected: object");
    expect((await foresee({ driver: 'e1000' })).error?.desc).toBe("'e1000' is not a valid device model name");
    expect((await machine.run('x-vmattach-plan')).return).toEqual(before);
    expect(machine.warnings).toEqual([]);
  });

  test('why a change is refused goes to standard error, where the reply has no room for it', async () => {
    await machine.run('device_add', { driver: 'vfio-pci', id: 'disk', host: '0000:02:00.0' });
    expect(machine.warnings).toMatchObject([
      { code: 'NOT_BOUND', severity: 'warning', location: 'device_add', fixes: ['vmattach bind 0000:02:00.0'] },
    ]);
  });

  test('x-vmattach-timeline has each step that is done, and none that is undone', async () => {
    const steps = async () => {
      const { return: timeline } = await machine.run('x-vmattach-timeline');
      return (
        timeline as {
          readonly steps: readonly { readonly call: string; readonly 'started-ms': number; readonly 'ended-ms': number }[];
        }
      ).steps;
    };
    const before = await steps();
    expect(before.filter(({ call }) => call === 'VFIO_DEVICE_BIND_IOMMUFD')).toHaveLength(1);
    for (const step of before) expect(step['ended-ms']).toBeGreaterThanOrEqual(step['started-ms']);
    await machine.run('device_del', { id: 'nic' });
    await machine.settle();
    expect((await steps()).map(({ call }) => call)).not.toContain('VFIO_DEVICE_BIND_IOMMUFD');
  });
});
