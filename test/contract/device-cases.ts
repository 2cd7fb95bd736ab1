import assert from 'node:assert/strict';
import { call } from '../../src/kernel/call.ts';
import { encode } from '../../src/kernel/uapi/codec.ts';
import {
  DEVICE_FEATURE,
  DEVICE_FEATURE_FLAGS,
  DEVICE_INFO_FLAGS,
  IRQ_SET_FLAGS,
  PCI_IRQ,
  PCI_REGION,
} from '../../src/kernel/uapi/constants.ts';
import { IOCTLS } from '../../src/kernel/uapi/ioctls.ts';
import { contractCase, fails, type Bench } from './bench.ts';
import type { ContractCase } from './fixture.ts';

const { GET, PROBE, SET } = DEVICE_FEATURE_FLAGS;
const { ACTION_MASK, ACTION_TRIGGER, DATA_BOOL, DATA_EVENTFD, DATA_NONE } = IRQ_SET_FLAGS;

/** The device by whichever way this kernel has. */
const device = (bench: Bench): number =>
  bench.fixture.container === 'type1' ? bench.deviceFd(bench.type1().group) : bench.bound(bench.iommufd()).cdev;

const BAD_IRQS = [
  ['an index there is not', { flags: DATA_NONE | ACTION_TRIGGER, index: 5 }, 'EINVAL'],
  ['unknown flags', { flags: 0x40 | DATA_NONE | ACTION_TRIGGER }, 'EINVAL'],
  ['a range outside', { flags: DATA_NONE | ACTION_TRIGGER, index: PCI_IRQ.REQ, count: 2 }, 'EINVAL'],
  ['two kinds of data', { flags: DATA_NONE | DATA_BOOL | ACTION_TRIGGER, index: PCI_IRQ.REQ }, 'EINVAL'],
  ['data that is not there', { flags: DATA_EVENTFD | ACTION_TRIGGER, index: PCI_IRQ.REQ, count: 1 }, 'EINVAL'],
  ['a mask of the request interrupt', { flags: DATA_NONE | ACTION_MASK, index: PCI_IRQ.REQ, count: 1 }, 'ENOTTY'],
] as const;

/** The fd of a vfio-pci device (drivers/vfio/pci/vfio_pci_core.c). */
export const DEVICE_CASES: readonly ContractCase[] = [
  contractCase('device: it is a PCI device with 9 regions and 5 kinds of interrupt, and says that it can be reset', [], (bench) => {
    const { flags, num_irqs, num_regions } = call(bench.kernel, device(bench), 'VFIO_DEVICE_GET_INFO');
    assert.equal(flags & (DEVICE_INFO_FLAGS.PCI | DEVICE_INFO_FLAGS.RESET), DEVICE_INFO_FLAGS.PCI | DEVICE_INFO_FLAGS.RESET);
    assert.deepEqual([num_regions, num_irqs], [9, 5]);
  }),
  contractCase('device: GET_INFO with a short argsz is EINVAL', [], (bench) => {
    const bytes = encode('vfio_device_info', { argsz: 15 });
    fails('EINVAL', () => bench.kernel.ioctl(device(bench), IOCTLS.VFIO_DEVICE_GET_INFO.number, bytes));
  }),
  contractCase('device: region N is at N << 40, and there is none past the last', [], (bench) => {
    const fd = device(bench);
    const { offset, size, flags } = call(bench.kernel, fd, 'VFIO_DEVICE_GET_REGION_INFO', { index: PCI_REGION.CONFIG });
    assert.equal(offset, 7n << 40n);
    assert.ok(size >= 256n);
    assert.equal(flags & 3, 3);
    fails('EINVAL', () => call(bench.kernel, fd, 'VFIO_DEVICE_GET_REGION_INFO', { index: 99 }));
  }),
  contractCase('device: the ids can be read from its config space', [], (bench) => {
    const bytes = new Uint8Array(4);
    assert.equal(bench.kernel.read(device(bench), bytes, 7n << 40n), 4);
    assert.notDeepEqual([...bytes], [0xff, 0xff, 0xff, 0xff]);
  }),
  contractCase('device: an interrupt kind past the last is EINVAL', [], (bench) => {
    const fd = device(bench);
    assert.equal(call(bench.kernel, fd, 'VFIO_DEVICE_GET_IRQ_INFO', { index: PCI_IRQ.REQ }).count, 1);
    fails('EINVAL', () => call(bench.kernel, fd, 'VFIO_DEVICE_GET_IRQ_INFO', { index: 5 }));
  }),
  ...BAD_IRQS.map(([what, fields, errno]) =>
    contractCase(`device: SET_IRQS with ${what} is ${errno}`, [], (bench) => {
      fails(errno, () => call(bench.kernel, device(bench), 'VFIO_DEVICE_SET_IRQS', fields));
    }),
  ),
  contractCase('device: it can be reset', [], (bench) => {
    assert.equal(call(bench.kernel, device(bench), 'VFIO_DEVICE_RESET').result, 0);
  }),
  contractCase('device: a feature there is not is ENOTTY, a direction it does not have EINVAL', [], (bench) => {
    const fd = device(bench);
    const feature = (flags: number): unknown => call(bench.kernel, fd, 'VFIO_DEVICE_FEATURE', { flags });
    fails('ENOTTY', () => feature(PROBE | 0xfff0));
    fails('ENOTTY', () => feature(GET | DEVICE_FEATURE.MIGRATION));
    fails('EINVAL', () => feature(GET | SET | DEVICE_FEATURE.LOW_POWER_EXIT));
    fails('EINVAL', () => feature(PROBE | GET | DEVICE_FEATURE.LOW_POWER_EXIT));
    fails('EINVAL', () => feature(0x8_0000 | DEVICE_FEATURE.LOW_POWER_EXIT));
    feature(PROBE | SET | DEVICE_FEATURE.LOW_POWER_EXIT);
  }),
  contractCase('device: an unknown ioctl is ENOTTY', [], (bench) => {
    fails('ENOTTY', () => bench.kernel.ioctl(device(bench), 0x3bff, 0));
  }),
];
