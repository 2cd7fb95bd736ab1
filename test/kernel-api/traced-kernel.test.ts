import { describe, expect, test } from 'vitest';
import { call, callAsync } from '../../src/kernel/call.ts';
import { errnoNumber } from '../../src/kernel/errno.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { SystemCallError } from '../../src/kernel/system-call-error.ts';
import { traced } from '../../src/kernel/traced-kernel.ts';
import type { CallEvent } from '../../src/kernel/trace.ts';
import { encode } from '../../src/kernel/uapi/codec.ts';
import { asBytes, fakeKernel } from './fake-kernel.ts';

const listening = (calls: Partial<Kernel>) => {
  const events: CallEvent[] = [];
  return { events, kernel: traced(fakeKernel(calls), (event) => events.push(event)) };
};

const bound: Kernel['ioctl'] = (_fd, _request, argument) => {
  asBytes(argument).set(encode('vfio_device_bind_iommufd', { iommufd: 6, out_devid: 1 }, { size: 16 }));
  return 0;
};

const busy = (): never => {
  throw new SystemCallError('ioctl', errnoNumber('EBUSY'), 'fd 5');
};

describe('traced', () => {
  test.each([
    { how: 'call', make: async (kernel: Kernel) => call(kernel, 5, 'VFIO_DEVICE_BIND_IOMMUFD', { iommufd: 6 }) },
    { how: 'callAsync', make: (kernel: Kernel) => callAsync(kernel, 5, 'VFIO_DEVICE_BIND_IOMMUFD', { iommufd: 6 }) },
  ])('an ioctl made by $how is one event, with the struct before and after', async ({ make }) => {
    const { kernel, events } = listening({ ioctl: bound, ioctlAsync: async (...given) => bound(...given) });
    await make(kernel);
    expect(events).toEqual([
      {
        call: 'VFIO_DEVICE_BIND_IOMMUFD',
        fd: 5,
        argument: { argsz: 16, flags: 0, iommufd: 6, out_devid: 0, token_uuid_ptr: 0n },
        result: 0,
        error: undefined,
        returned: { argsz: 16, flags: 0, iommufd: 6, out_devid: 1, token_uuid_ptr: 0n },
        started: expect.any(Number),
        microseconds: expect.any(Number),
      },
    ]);
  });

  test.each([
    { how: 'call', make: async (kernel: Kernel) => call(kernel, 5, 'VFIO_SET_IOMMU', 3) },
    { how: 'callAsync', make: (kernel: Kernel) => callAsync(kernel, 5, 'VFIO_SET_IOMMU', 3) },
  ])('a failed ioctl made by $how is one event with its errno, and still fails', async ({ make }) => {
    const { kernel, events } = listening({ ioctl: busy, ioctlAsync: async () => busy() });
    await expect(make(kernel)).rejects.toMatchObject({ call: 'VFIO_SET_IOMMU', code: 'EBUSY' });
    expect(events).toMatchObject([{ call: 'VFIO_SET_IOMMU', argument: 3, error: 'EBUSY', result: undefined, returned: undefined }]);
  });

  test.each<{ name: string; calls: Partial<Kernel>; make: (kernel: Kernel) => unknown; event: Partial<CallEvent> }>([
    {
      name: 'open',
      calls: { open: () => 9 },
      make: (kernel) => kernel.open('/dev/iommu', { write: true }),
      event: { call: 'open', fd: undefined, argument: { path: '/dev/iommu', write: true }, result: 9 },
    },
    {
      name: 'close',
      calls: { close: () => undefined },
      make: (kernel) => kernel.close(9),
      event: { call: 'close', fd: 9, result: undefined, error: undefined },
    },
    {
      name: 'mmap',
      calls: { map: () => 0x7f00_0000_0000n },
      make: (kernel) => kernel.map({ length: 4096n, shared: false }),
      event: { call: 'mmap', argument: { length: 4096n, shared: false }, result: 0x7f00_0000_0000n },
    },
    {
      name: 'an ioctl by number',
      calls: { ioctl: () => 12 },
      make: (kernel) => kernel.ioctl(9, 0xae00, new Uint8Array(4)),
      event: { call: 'ioctl', fd: 9, argument: { request: 0xae00, argument: '4 bytes' }, result: 12 },
    },
  ])('$name is an event', ({ calls, make, event }) => {
    const { kernel, events } = listening(calls);
    make(kernel);
    expect(events).toMatchObject([event]);
  });

  test('a kernel that nobody listens to is called directly', () => {
    expect(call(fakeKernel({ ioctl: bound }), 5, 'VFIO_DEVICE_BIND_IOMMUFD', { iommufd: 6 }).out_devid).toBe(1);
  });
});
