import { beforeEach, describe, expect, test } from 'vitest';
import { isOwnDevice, isOwnObject } from '../../src/request/engine-parts.ts';
import { parseDevice } from '../../src/devices/parse-device.ts';
import { parseObject } from '../../src/objects/parse-object.ts';
import type { Problem } from '../../src/errors/problem.ts';
import { VmattachError } from '../../src/errors/problem.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { createSimulatedKernel, type SimulatedKernel } from '../../src/kernel/simulated/simulated-kernel.ts';
import { IOCTLS } from '../../src/kernel/uapi/ioctls.ts';
import { BareMachine } from '../../src/machine/bare-machine.ts';
import { LiveMachine } from '../../src/machine/live-machine.ts';
import { WORKSTATION } from '../plan/hosts.ts';
import { DEFAULTS, planOf } from '../plan/planning.ts';

const context = { location: '', existingIds: new Set<string>(), onWarning: () => undefined };

const device = (text: string) => {
  const spec = parseDevice(text, context);
  if (!isOwnDevice(spec)) throw new Error('not a device of ours');
  return spec;
};

const object = (text: string) => {
  const spec = parseObject(text, context);
  if (!isOwnObject(spec)) throw new Error('not an object of ours');
  return spec;
};

const refusal = async (body: Promise<unknown>): Promise<Problem> => {
  const outcome: unknown = await body.catch((error: unknown) => error);
  if (outcome instanceof VmattachError) return outcome.problem;
  throw new Error('nothing was refused');
};

describe('LiveMachine', () => {
  let kernel: SimulatedKernel;
  let machine: LiveMachine;
  const names = () => machine.plan.devices.map(({ name }) => name);

  beforeEach(async () => {
    kernel = createSimulatedKernel(WORKSTATION);
    const bare = await BareMachine.attach(planOf('-m 64M', WORKSTATION), kernel, () => WORKSTATION);
    machine = new LiveMachine(bare, { settings: DEFAULTS, readHost: () => WORKSTATION });
  });

  test('plugs an iommufd and a device that links to it, and takes both away again', async () => {
    await machine.addObject(object('iommufd,id=iommufd0'));
    expect(await machine.addDevice(device('vfio-pci,id=hostdev0,host=06:00.0,iommufd=iommufd0'))).toBe(
      '/machine/peripheral/hostdev0',
    );
    expect(kernel.dmaRead('0000:06:00.0', 0n, new Uint8Array(8))).toBe(true);
    expect(await refusal(machine.removeObject('iommufd0'))).toMatchObject({
      message: "object 'iommufd0' is in use, can not be deleted",
    });
    await machine.removeDevice('/machine/peripheral/hostdev0');
    await machine.removeObject('iommufd0');
    await machine.detach();
    expect(kernel.leftovers()).toEqual([]);
  });

  test.each([
    ['waits on another thread for a device with a reset', ['flr'], 1],
    ['binds a device without a reset at once', [], 0],
  ])('%s', async (_, resetMethods, others) => {
    const devices = WORKSTATION.devices.map((facts) => (facts.address === '0000:06:00.0' ? { ...facts, resetMethods } : facts));
    const model = { ...WORKSTATION, devices };
    kernel = createSimulatedKernel(model);
    const asked: number[] = [];
    const watched: Kernel = {
      ...kernel,
      ioctlAsync: (fd, request, argument) => {
        asked.push(request);
        return kernel.ioctlAsync(fd, request, argument);
      },
    };
    const bare = await BareMachine.attach(
      planOf('-m 64M -object iommufd,id=i -device vfio-pci,host=01:00.0,iommufd=i', model),
      watched,
      () => model,
    );
    machine = new LiveMachine(bare, { settings: DEFAULTS, readHost: () => model });
    asked.length = 0;
    await machine.addDevice(device('vfio-pci,id=h,host=06:00.0,iommufd=i'));
    expect(asked.filter((request) => request === IOCTLS.VFIO_DEVICE_BIND_IOMMUFD.number)).toHaveLength(others);
  });

  test('a refused device leaves no trace: its id and its place are free', async () => {
    expect(await refusal(machine.addDevice(device('vfio-pci,id=h,addr=3,host=0a:00.0')))).toMatchObject({ code: 'NO_SUCH_DEVICE' });
    await machine.addDevice(device('vfio-pci,id=h,addr=3,host=06:00.0'));
    expect(names()).toEqual(['0000:06:00.0']);
  });

  test('a device that the kernel refuses leaves no trace either', async () => {
    const release = kernel.openElsewhere('/dev/vfio/16');
    const held = kernel.leftovers();
    expect(await refusal(machine.addDevice(device('vfio-pci,id=h,host=06:00.0')))).toMatchObject({ code: 'BUSY' });
    expect(kernel.leftovers()).toEqual(held);
    release();
    await machine.addDevice(device('vfio-pci,id=h,host=06:00.0'));
    expect(names()).toEqual(['0000:06:00.0']);
  });

  test('refuses what a launch would refuse', async () => {
    await machine.addDevice(device('vfio-pci,id=h,host=06:00.0'));
    expect(await refusal(machine.addDevice(device('vfio-pci,id=h,host=01:00.0')))).toMatchObject({
      message: "Duplicate device ID 'h'",
    });
    expect(await refusal(machine.addDevice(device('vfio-pci,id=i,host=06:00.0')))).toMatchObject({ code: 'DUPLICATE_DEVICE' });
    expect(await refusal(machine.addDevice(device('vfio-pci,id=i,host=01:00.0,iommufd=x')))).toMatchObject({
      code: 'LINK_NOT_FOUND',
    });
    expect(await refusal(machine.removeDevice('/machine/peripheral/x'))).toMatchObject({ code: 'LINK_NOT_FOUND' });
  });

  test('a memory backend is made when it is added, also where nothing uses it, and is gone when it is taken away', async () => {
    const before = kernel.leftovers();
    await machine.addObject(object('memory-backend-memfd,id=m,size=1M'));
    expect(kernel.leftovers()).not.toEqual(before);
    await machine.removeObject('m');
    expect(kernel.leftovers()).toEqual(before);
    const small = kernel.open('/dev/shm/small', { write: true, create: true });
    kernel.truncate(small, 4096n);
    kernel.close(small);
    expect(await refusal(machine.addObject(object('memory-backend-file,id=f,size=1M,mem-path=/dev/shm/small')))).toMatchObject({
      message: "backing store size 0x1000 does not match 'size' option 0x100000",
    });
    expect(machine.plan.request.objects).toEqual([]);
    expect(machine.plan.request.tree.get('/objects/f')).toBeUndefined();
    expect(kernel.leftovers()).toEqual(before);
  });

  test('a device that is refused for its ROM leaves its id free', async () => {
    expect(await refusal(machine.addDevice(device('vfio-pci,id=h,host=06:00.0,romsize=3')))).toMatchObject({
      message: 'ROM size 3 is not a power of two',
    });
    await machine.addDevice(device('vfio-pci,id=h,host=06:00.0'));
    expect(names()).toEqual(['0000:06:00.0']);
  });

  test('a limit that was lowered meanwhile refuses what pins more, and nothing else', async () => {
    let host = WORKSTATION;
    const bare = await BareMachine.attach(planOf('-m 64M -object iommufd,id=i', WORKSTATION), kernel, () => host);
    const held = new LiveMachine(bare, { settings: DEFAULTS, readHost: () => host });
    await held.addDevice(device('vfio-pci,id=a,host=01:00.0,iommufd=i'));
    host = { ...WORKSTATION, process: { ...WORKSTATION.process, memlock: { soft: 32 << 20, hard: 32 << 20 } } };
    await held.addDevice(device('vfio-pci,id=b,host=01:00.1,iommufd=i'));
    expect(await refusal(held.addDevice(device('vfio-pci,id=c,host=06:00.0')))).toMatchObject({ code: 'MEMLOCK_TOO_LOW' });
    await held.removeDevice('/machine/peripheral/a');
    await held.removeDevice('/machine/peripheral/b');
    await held.detach();
  });

  test('a device keeps its place on the bus when another leaves', async () => {
    await machine.addDevice(device('vfio-pci,id=a,host=01:00.0'));
    await machine.addDevice(device('vfio-pci,id=b,host=01:00.1'));
    await machine.removeDevice('/machine/peripheral/a');
    await machine.addDevice(device('vfio-pci,id=c,host=06:00.0'));
    expect(machine.plan.request.devices.map(({ spec, devfn }) => [spec.id, devfn])).toEqual([
      ['b', 8],
      ['c', 0],
    ]);
  });

  test('changes asked for at the same time run one after another', async () => {
    await Promise.all([
      machine.addDevice(device('vfio-pci,id=a,host=01:00.0')),
      machine.addDevice(device('vfio-pci,id=b,host=01:00.1')),
      machine.removeDevice('/machine/peripheral/a'),
      machine.addDevice(device('vfio-pci,id=c,host=06:00.0')),
    ]);
    expect(names()).toEqual(['0000:01:00.1', '0000:06:00.0']);
    await machine.detach();
    expect(kernel.leftovers()).toEqual([]);
  });

  test.each(['', ',iommufd=i'])('the first of two devices (%s) can leave, and the end takes back the rest', async (link) => {
    if (link !== '') await machine.addObject(object('iommufd,id=i'));
    await machine.addDevice(device(`vfio-pci,id=first,host=0000:06:00.0${link}`));
    await machine.addDevice(device(`vfio-pci,id=second,host=0000:01:00.0${link}`));
    await machine.removeDevice('/machine/peripheral/first');
    await machine.detach();
    expect(kernel.leftovers()).toEqual([]);
  });

  test('what refuses a change is asked for again: a module may have been loaded, a device bound since', async () => {
    const asked: boolean[] = [];
    const unbound = {
      ...WORKSTATION,
      devices: WORKSTATION.devices.map((facts) =>
        facts.address === '0000:06:00.0' ? { ...facts, driver: null, cdev: null } : facts,
      ),
    };
    const bare = await BareMachine.attach(planOf('-m 64M', WORKSTATION), kernel, () => WORKSTATION);
    const readHost = (_request: unknown, afresh: boolean) => {
      asked.push(afresh);
      return afresh ? WORKSTATION : unbound;
    };
    machine = new LiveMachine(bare, { settings: DEFAULTS, readHost });
    await machine.addDevice(device('vfio-pci,id=a,host=06:00.0'));
    expect(asked).toEqual([false, true]);
    machine = new LiveMachine(bare, { settings: DEFAULTS, readHost: () => unbound });
    expect(await refusal(machine.addDevice(device('vfio-pci,id=b,host=0a:00.0')))).toMatchObject({ code: 'NO_SUCH_DEVICE' });
    await machine.detach();
  });
});
