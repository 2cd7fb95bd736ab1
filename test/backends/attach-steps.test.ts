import { describe, expect, test } from 'vitest';
import { attachSteps } from '../../src/backends/attach-steps.ts';
import { tokenBytes, tokenText } from '../../src/backends/vf-token.ts';
import { problemOf } from '../options/problem-of.ts';
import { SERVER, withDevice, WORKSTATION } from '../plan/hosts.ts';
import { planOf } from '../plan/planning.ts';
import { attach, countOf } from '../machine/attaching.ts';

const TOKEN = '5b4c0b5a-6ef9-4b6c-a5b0-1b3e3c6d7f10';

/** Ioctls only, in the order in which they were made. */
const ioctls = (calls: readonly string[]): readonly string[] => calls.filter((call) => /^(VFIO|IOMMU)_/.test(call));

/** The calls that QEMU 10 makes for the same command line, but for the order where steps do not depend on each other. */
describe('one device is attached by', () => {
  test.each<[what: string, line: string, expected: readonly string[]]>([
    [
      'type1',
      '-device vfio-pci,host=06:00.0',
      [
        'VFIO_GET_API_VERSION',
        'VFIO_GROUP_GET_STATUS',
        'VFIO_GROUP_SET_CONTAINER',
        'VFIO_CHECK_EXTENSION',
        'VFIO_SET_IOMMU',
        'VFIO_IOMMU_GET_INFO',
        'VFIO_GROUP_GET_DEVICE_FD',
        'VFIO_IOMMU_MAP_DMA',
        'VFIO_DEVICE_GET_INFO',
      ],
    ],
    [
      'iommufd',
      '-device vfio-iommu-pci,host=06:00.0',
      [
        'IOMMU_IOAS_ALLOC',
        'VFIO_DEVICE_BIND_IOMMUFD',
        'IOMMU_GET_HW_INFO',
        'IOMMU_HWPT_ALLOC',
        'VFIO_DEVICE_ATTACH_IOMMUFD_PT',
        'IOMMU_IOAS_IOVA_RANGES',
        'VFIO_DEVICE_GET_INFO',
        'IOMMU_IOAS_MAP',
      ],
    ],
    [
      'compat',
      '-object iommufd,id=c,compat=type1v2 -device vfio-pci,host=06:00.0,iommufd=c',
      [
        'IOMMU_IOAS_ALLOC',
        'IOMMU_VFIO_IOAS',
        'VFIO_GROUP_GET_STATUS',
        'VFIO_GROUP_SET_CONTAINER',
        'VFIO_SET_IOMMU',
        'VFIO_GROUP_GET_DEVICE_FD',
        'VFIO_DEVICE_GET_INFO',
        'VFIO_IOMMU_GET_INFO',
        'VFIO_IOMMU_MAP_DMA',
      ],
    ],
  ])('%s', async (_what, line, expected) => {
    const { calls } = await attach(line, WORKSTATION);
    const made = [...new Set(ioctls(calls))];
    expect(made.toSorted()).toEqual(expected.toSorted());
  });

  test('bind before attach, attach before map, on iommufd', async () => {
    const { calls } = await attach('-device vfio-iommu-pci,host=01:00.0 -device vfio-iommu-pci,host=06:00.0', WORKSTATION);
    const map = calls.indexOf('IOMMU_IOAS_MAP');
    expect(map).toBeGreaterThan(calls.lastIndexOf('VFIO_DEVICE_ATTACH_IOMMUFD_PT'));
    expect(calls.indexOf('VFIO_DEVICE_ATTACH_IOMMUFD_PT')).toBeGreaterThan(calls.indexOf('VFIO_DEVICE_BIND_IOMMUFD'));
  });

  test('each call once for a group of two', async () => {
    const { calls } = await attach('-device vfio-pci,host=01:00.0 -device vfio-pci,host=01:00.1', WORKSTATION);
    expect(
      ['VFIO_GROUP_SET_CONTAINER', 'VFIO_SET_IOMMU', 'VFIO_IOMMU_MAP_DMA', 'VFIO_GROUP_GET_DEVICE_FD'].map((name) =>
        countOf(calls, name),
      ),
    ).toEqual([1, 1, 1, 2]);
  });
});

describe('compat', () => {
  test.each([
    ['type1', 1],
    ['type1v2', 3],
  ])('%s sets the IOMMU model %d', async (compat, model) => {
    const { ioctls: made } = await attach(
      `-object iommufd,id=c,compat=${compat} -device vfio-pci,host=06:00.0,iommufd=c`,
      WORKSTATION,
    );
    expect(made).toContain(`VFIO_SET_IOMMU ${model}`);
  });
});

/** The calls of QEMU 10 at unplug, in its order; closing the fds would undo the same, but without saying what fails. */
describe('one device is detached by', () => {
  test.each<[what: string, line: string, expected: readonly string[]]>([
    ['type1', '-device vfio-pci,host=06:00.0', ['VFIO_IOMMU_UNMAP_DMA size=134217728', 'VFIO_GROUP_UNSET_CONTAINER']],
    [
      'iommufd',
      '-device vfio-iommu-pci,host=06:00.0',
      [
        'IOMMU_IOAS_UNMAP size=24 ioas_id=1 length=134217728',
        'VFIO_DEVICE_DETACH_IOMMUFD_PT',
        'IOMMU_DESTROY size=8 id=3',
        'IOMMU_DESTROY size=8 id=1',
      ],
    ],
    [
      'compat',
      '-object iommufd,id=c,compat=type1v2 -device vfio-pci,host=06:00.0,iommufd=c',
      [
        'VFIO_IOMMU_UNMAP_DMA size=134217728',
        'VFIO_GROUP_UNSET_CONTAINER',
        'IOMMU_VFIO_IOAS size=12 op=2',
        'IOMMU_DESTROY size=8 id=1',
      ],
    ],
  ])('%s', async (_what, line, expected) => {
    const { machine, ioctls: made } = await attach(line, WORKSTATION);
    const { length } = made;
    await machine.detach();
    expect(ioctls(made.slice(length))).toEqual(expected);
  });
});

describe('a VF token', () => {
  const host = withDevice(SERVER, '0000:41:00.0', { driver: 'vfio-pci', cdev: { name: 'vfio99', device: '509:99' } });

  test('is 16 bytes in the order of the text', () => {
    expect([...tokenBytes('00010203-0405-0607-0809-0a0b0c0d0e0f')]).toEqual(Array.from({ length: 16 }, (_, index) => index));
  });

  test('is another one each time for auto', () => {
    expect(tokenText('auto')).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(tokenText('auto')).not.toBe(tokenText('auto'));
  });

  test.each([
    ['type1', 'vfio-pci'],
    ['iommufd', 'vfio-iommu-pci'],
  ])('is sent with the open of the device on %s', async (_what, type) => {
    const model = { ...host, kernel: { ...host.kernel, release: '6.19.0' } };
    const pf = `-device ${type},host=41:00.0,vf-token=${TOKEN}`;
    const vf = `-device ${type},host=41:02.0,vf-token=${TOKEN}`;
    const { machine, kernel } = await attach(`${pf} ${vf}`, model);
    await machine.detach();
    expect(kernel.leftovers()).toEqual([]);
  });
});

describe('attachSteps', () => {
  test('is an internal error for an iommufd backend without an object', () => {
    const [space] = planOf('-device vfio-iommu-pci,host=06:00.0', WORKSTATION).spaces;
    expect(space).toBeDefined();
    if (space !== undefined) expect(problemOf(() => attachSteps({ ...space, object: undefined })).code).toBe('INTERNAL');
  });
});
