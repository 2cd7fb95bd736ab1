import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call } from '../../../src/kernel/call.ts';
import { createLinuxKernel } from '../../../src/kernel/linux/linux-kernel.ts';
import { IOAS_MAP_FLAGS } from '../../../src/kernel/uapi/constants.ts';
import { sysfsRegisters, vfioRegisters } from '../lib/device-registers.ts';
import { Edu } from '../lib/edu.ts';
import { bindToVfio, cdevOf, readRoles, restoreDriver } from '../lib/host-devices.ts';

const { eduA } = readRoles();
const PAGE = 4096;
const IOVA = 0x100000;
const LENGTH = 4 * PAGE;

const kernel = createLinuxKernel();

/** eduA attached to an IOAS in which `LENGTH` bytes of this process are mapped at `IOVA`. */
const attachEdu = () => {
  bindToVfio(eduA);
  const iommufd = kernel.open('/dev/iommu', { write: true });
  const device = kernel.open(cdevOf(eduA) ?? 'no cdev', { write: true });
  call(kernel, device, 'VFIO_DEVICE_BIND_IOMMUFD', { iommufd });
  const { out_ioas_id: ioas } = call(kernel, iommufd, 'IOMMU_IOAS_ALLOC');
  call(kernel, device, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT', { pt_id: ioas });
  const memory = kernel.map({ length: BigInt(LENGTH), shared: true });
  call(kernel, iommufd, 'IOMMU_IOAS_MAP', {
    flags: IOAS_MAP_FLAGS.FIXED_IOVA | IOAS_MAP_FLAGS.WRITEABLE | IOAS_MAP_FLAGS.READABLE,
    ioas_id: ioas,
    user_va: memory,
    length: BigInt(LENGTH),
    iova: BigInt(IOVA),
  });
  const detach = (): void => {
    kernel.close(device);
    kernel.close(iommufd);
    kernel.unmap(memory, BigInt(LENGTH));
    restoreDriver(eduA);
  };
  return { device, bytes: kernel.view(memory, LENGTH), detach };
};

describe('Edu', () => {
  let attached: ReturnType<typeof attachEdu>;
  beforeAll(() => {
    attached = attachEdu();
  });
  afterAll(() => attached.detach());

  const accessors = [
    { accessor: 'the VFIO device fd', open: () => ({ ...vfioRegisters(kernel, attached.device), [Symbol.dispose]: () => {} }) },
    { accessor: 'sysfs', open: () => sysfsRegisters(kernel, eduA) },
  ];

  it.each(accessors)('moves bytes from one page to another through the IOMMU, driven through $accessor', async ({ open }) => {
    using registers = open();
    const edu = new Edu(registers);
    const { bytes } = attached;
    bytes.fill(0);
    const pattern = Uint8Array.from({ length: PAGE }, (_, index) => (index * 7 + 3) & 0xff);
    bytes.set(pattern);

    await edu.copyIn(IOVA, PAGE);
    await edu.copyOut(IOVA + 2 * PAGE, PAGE);

    expect(bytes.slice(2 * PAGE, 3 * PAGE)).toEqual(pattern);
    expect(bytes.slice(3 * PAGE).every((byte) => byte === 0)).toBe(true);
  });

  it('writes nothing where nothing is mapped', async () => {
    using registers = sysfsRegisters(kernel, eduA);
    const before = attached.bytes.slice();
    await new Edu(registers).copyOut(IOVA + LENGTH, PAGE);
    expect(attached.bytes).toEqual(before);
  });

  it.each([
    { name: 'more than its page', iova: IOVA, count: PAGE + 1, message: 'edu moves 1 to 4096 bytes at once, not 4097' },
    { name: 'nothing', iova: IOVA, count: 0, message: 'edu moves 1 to 4096 bytes at once, not 0' },
    { name: 'beyond 28 bits', iova: 2 ** 28 - 1, count: 2, message: 'edu reaches IOVAs below 0x10000000 only' },
  ])('does not try to move $name', async ({ iova, count, message }) => {
    const edu = new Edu(vfioRegisters(kernel, attached.device));
    await expect(edu.copyIn(iova, count)).rejects.toThrow(message);
  });

  it('a device that is not an edu is refused', () => {
    expect(() => new Edu({ read32: () => 0xffffffff, write32: () => {} })).toThrow('not an edu: its identification is 0xffffffff');
  });
});
