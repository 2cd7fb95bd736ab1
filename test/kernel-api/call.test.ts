import { describe, expect, expectTypeOf, test } from 'vitest';
import { call, callAsync, callWithBytes, type CallResult } from '../../src/kernel/call.ts';
import { errnoNumber } from '../../src/kernel/errno.ts';
import type { IoctlArgument, Kernel } from '../../src/kernel/kernel.ts';
import { SystemCallError } from '../../src/kernel/system-call-error.ts';
import { decode, encode } from '../../src/kernel/uapi/codec.ts';
import { asBytes, fakeKernel } from './fake-kernel.ts';

/** A kernel that notes what an ioctl was given and answers it. */
const answering = (answer: (argument: IoctlArgument | undefined) => number) => {
  const seen: { fd: number; request: number; argument: IoctlArgument | undefined }[] = [];
  const ioctl: Kernel['ioctl'] = (fd, request, argument) => {
    seen.push({ fd, request, argument: argument instanceof Uint8Array ? Uint8Array.from(argument) : argument });
    return answer(argument);
  };
  return { seen, kernel: fakeKernel({ ioctl, ioctlAsync: async (...given) => ioctl(...given) }) };
};

const failing = (): Kernel =>
  answering(() => {
    throw new SystemCallError('ioctl', errnoNumber('EBUSY'), 'fd 5');
  }).kernel;

describe.each([
  { name: 'call', make: async (kernel: Kernel) => call(kernel, 5, 'IOMMU_IOAS_ALLOC', { flags: 0 }) },
  { name: 'callAsync', make: (kernel: Kernel) => callAsync(kernel, 5, 'IOMMU_IOAS_ALLOC', { flags: 0 }) },
])('$name', ({ make }) => {
  test('gives the result and the struct as the kernel left it', async () => {
    const { kernel, seen } = answering((argument) => {
      asBytes(argument).set(encode('iommu_ioas_alloc', { out_ioas_id: 3 }));
      return 0;
    });
    expect(await make(kernel)).toEqual({ result: 0, size: 12, flags: 0, out_ioas_id: 3 });
    expect(seen).toEqual([{ fd: 5, request: 0x3b81, argument: encode('iommu_ioas_alloc') }]);
  });

  test('names the ioctl and the fd in its error', async () => {
    await expect(make(failing())).rejects.toMatchObject({
      name: 'SystemCallError',
      call: 'IOMMU_IOAS_ALLOC',
      code: 'EBUSY',
      target: 'fd 5',
      message: 'IOMMU_IOAS_ALLOC on fd 5: Device or resource busy',
    });
  });

  test('passes on what is not a system call error', async () => {
    const broken = answering(() => {
      throw new TypeError('broken');
    });
    await expect(make(broken.kernel)).rejects.toThrow(new TypeError('broken'));
  });
});

describe('call', () => {
  test.each<{ form: string; make: (kernel: Kernel) => unknown; argument: IoctlArgument | undefined }>([
    { form: 'a value in the register', make: (kernel) => call(kernel, 5, 'VFIO_SET_IOMMU', 3), argument: 3 },
    {
      form: 'a pointer to an int',
      make: (kernel) => call(kernel, 5, 'VFIO_GROUP_SET_CONTAINER', 258),
      argument: Uint8Array.of(2, 1, 0, 0),
    },
    {
      form: 'a C string',
      make: (kernel) => call(kernel, 5, 'VFIO_GROUP_GET_DEVICE_FD', '0:é'),
      argument: Uint8Array.of(0x30, 0x3a, 0xc3, 0xa9, 0),
    },
    { form: 'nothing', make: (kernel) => call(kernel, 5, 'VFIO_DEVICE_RESET'), argument: undefined },
    { form: 'an empty struct', make: (kernel) => call(kernel, 5, 'VFIO_GROUP_GET_STATUS'), argument: encode('vfio_group_status') },
  ])('hands over $form', ({ make, argument }) => {
    const { kernel, seen } = answering(() => 9);
    expect(make(kernel)).toMatchObject({ result: 9 });
    expect(seen[0]?.argument).toEqual(argument);
  });

  test('sends a bind in its first form, and the longer one when asked', () => {
    const { kernel, seen } = answering(() => 0);
    call(kernel, 5, 'VFIO_DEVICE_BIND_IOMMUFD', { iommufd: 6 });
    call(kernel, 5, 'VFIO_DEVICE_BIND_IOMMUFD', { iommufd: 6, flags: 1, token_uuid_ptr: 4096n }, { size: 24 });
    expect(seen.map(({ argument }) => asBytes(argument).length)).toEqual([16, 24]);
  });

  test('refuses a VF token that would be cut off', () => {
    const { kernel, seen } = answering(() => 0);
    expect(() => call(kernel, 5, 'VFIO_DEVICE_BIND_IOMMUFD', { iommufd: 6, token_uuid_ptr: 4096n })).toThrow(RangeError);
    expect(seen).toEqual([]);
  });

  test('refuses a string that C would read only in part', () => {
    expect(() => call(answering(() => 0).kernel, 5, 'VFIO_GROUP_GET_DEVICE_FD', '0000:01:00.0\0x')).toThrow(RangeError);
  });

  test('has the fields of the struct in its type', () => {
    expectTypeOf<CallResult<'VFIO_GROUP_GET_STATUS'>>().toExtend<{ result: number; argsz: number; flags: number }>();
    expectTypeOf<CallResult<'VFIO_DEVICE_RESET'>>().not.toHaveProperty('argsz');
    // @ts-expect-error -- a field of another struct
    const wrong = (): unknown => call(fakeKernel({}), 5, 'IOMMU_DESTROY', { ioas_id: 1 });
    expect(wrong).toThrow(RangeError);
  });
});

describe('callWithBytes', () => {
  test('leaves what the kernel wrote in the bytes, also when the call fails', () => {
    const bytes = encode('vfio_pci_hot_reset_info', {}, { trailing: 8 });
    const { kernel } = answering((argument) => {
      asBytes(argument).set(encode('vfio_pci_hot_reset_info', { argsz: 20, count: 3 }));
      throw new SystemCallError('ioctl', errnoNumber('ENOSPC'), 'fd 5');
    });
    expect(() => callWithBytes(kernel, 5, 'VFIO_DEVICE_GET_PCI_HOT_RESET_INFO', bytes)).toThrow('No space left on device');
    expect(decode('vfio_pci_hot_reset_info', bytes)).toMatchObject({ argsz: 20, count: 3 });
  });

  test('refuses an ioctl that takes no struct', () => {
    expect(() => callWithBytes(fakeKernel({}), 5, 'VFIO_DEVICE_RESET', new Uint8Array(8))).toThrow(
      'VFIO_DEVICE_RESET takes no struct',
    );
  });
});
