import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Step } from '../../src/backends/step.ts';
import { hasErrors } from '../../src/plan/plan.ts';
import { predictTimeline } from '../../src/plan/timeline.ts';
import { planJson } from '../../src/report/plan-json.ts';
import { MDEV_UUID, SERVER, withMediatedDevice, WORKSTATION } from './hosts.ts';
import { codes, EXAMPLE_HOSTS, exampleHost, planOf } from './planning.ts';

/** Command lines of all kinds; on some hosts some of them work. */
const LINES = [
  '',
  '-m 1G -device vfio-pci,host=01:00.0',
  '-m 4G -device vfio-pci,host=01:00.0 -device vfio-pci,host=01:00.1 -device vfio-pci,host=06:00.0',
  '-object iommufd,id=i -device vfio-pci,host=01:00.0,iommufd=i -device vfio-pci,host=01:00.1,iommufd=i',
  '-object iommufd,id=i -object iommufd,id=j -device vfio-pci,host=01:00.0,iommufd=i -device vfio-pci,host=06:00.0,iommufd=j',
  '-object iommufd,id=c,compat=type1 -device vfio-pci,host=01:00.0,iommufd=c -device vfio-pci,host=06:00.0,iommufd=c',
  '-object iommufd,id=c,compat=type1v2 -object iommufd,id=i -m 6G -device vfio-pci,host=01:00.0,iommufd=c -device vfio-pci,host=06:00.0,iommufd=i',
  '-device vfio-iommu-pci,host=41:02.0 -device vfio-pci,host=41:02.1 -m 20G',
  '-object memory-backend-memfd,id=m,size=2G -machine memory-backend=m -device vfio-iommu-pci,host=06:00.0',
];

/** The ids in an order in which each step comes after all it waits for; shorter than the list if there is none. */
const topologicalOrder = (steps: readonly Step[]): readonly string[] => {
  const done = new Set<string>();
  for (let grown = true; grown;) {
    const ready = steps.filter(({ id, after }) => !done.has(id) && after.every((other) => done.has(other)));
    for (const { id } of ready) done.add(id);
    grown = ready.length > 0;
  }
  return [...done];
};

const CASES = EXAMPLE_HOSTS.flatMap((host) => LINES.map((line) => ({ host, line })));

describe('createPlan', () => {
  test.each(CASES)(
    'on $host gives the same bytes for the same input, and steps iff nothing stands against them: $line',
    ({ host, line }) => {
      const model = exampleHost(host);
      const plan = planOf(line, model);
      expect(JSON.stringify(planJson(planOf(line, structuredClone(model))))).toBe(JSON.stringify(planJson(plan)));
      expect(plan.steps.length === 0).toBe(hasErrors(plan));
    },
  );

  test.each(CASES)('on $host makes steps that wait only for each other and never in a circle: $line', ({ host, line }) => {
    const plan = planOf(line, exampleHost(host));
    const { steps } = plan;
    const timeline = predictTimeline(plan);
    const ids = new Set(steps.map(({ id }) => id));
    expect(ids.size).toBe(steps.length);
    for (const { after } of steps) for (const id of after) expect(ids).toContain(id);
    expect(topologicalOrder(steps)).toHaveLength(steps.length);
    for (const id of timeline.criticalPath) expect(ids).toContain(id);
  });

  test('changes neither its request nor the host', () => {
    const frozen = structuredClone(WORKSTATION);
    planOf('-device vfio-iommu-pci,host=01:00.0', WORKSTATION);
    expect(WORKSTATION).toEqual(frozen);
  });

  test('lists every object, those made in the background last', () => {
    const { objects } = planOf(
      '-object iommufd,id=i -object memory-backend-ram,id=m,size=1M -device vfio-iommu-pci,host=06:00.0',
      WORKSTATION,
    );
    expect(objects.map(({ id, type, auto }) => [id, type, auto])).toEqual([
      ['i', 'iommufd', false],
      ['m', 'memory-backend-ram', false],
      ['#iommufd0', 'iommufd', true],
    ]);
  });
});

describe('address spaces', () => {
  const spacesOf = (line: string) =>
    planOf(line, WORKSTATION).spaces.map(({ id, backend, devices }) => [id, backend, devices.map(({ name }) => name)]);

  test.each<[what: string, line: string, spaces: unknown]>([
    [
      'one container for all type1 devices',
      '-device vfio-pci,host=01:00.0 -device vfio-pci,host=06:00.0',
      [['container0', 'type1', ['0000:01:00.0', '0000:06:00.0']]],
    ],
    [
      'one IOAS for each object',
      '-object iommufd,id=i -object iommufd,id=j -device vfio-pci,host=06:00.0,iommufd=j -device vfio-pci,host=01:00.0,iommufd=i -device vfio-pci,host=01:00.1,iommufd=i',
      [
        ['ioas(j)', 'iommufd', ['0000:06:00.0']],
        ['ioas(i)', 'iommufd', ['0000:01:00.0', '0000:01:00.1']],
      ],
    ],
    [
      'one for all devices without an object that need one',
      '-device vfio-iommu-pci,host=06:00.0 -device vfio-iommu-pci,host=01:00.0',
      [['ioas(#iommufd0)', 'iommufd', ['0000:06:00.0', '0000:01:00.0']]],
    ],
    [
      'one for each compat object',
      '-object iommufd,id=c,compat=type1 -device vfio-pci,host=06:00.0,iommufd=c',
      [['compat(c)', 'iommufd-compat', ['0000:06:00.0']]],
    ],
    ['none for an object that nobody uses', '-object iommufd,id=i', []],
  ])('are %s', (_what, line, spaces) => {
    expect(spacesOf(line)).toEqual(spaces);
  });

  test('never split a group, or the plan says so', () => {
    const object = fc.constantFrom(undefined, 'i', 'j', 'c');
    fc.assert(
      fc.property(object, object, object, (gpu, audio, nic) => {
        const device = (host: string, id: string | undefined) =>
          `-device vfio-pci,host=${host}${id === undefined ? '' : `,iommufd=${id}`}`;
        const plan = planOf(
          `-object iommufd,id=i -object iommufd,id=j -object iommufd,id=c,compat=type1v2 ${device('01:00.0', gpu)} ${device('01:00.1', audio)} ${device('06:00.0', nic)}`,
          WORKSTATION,
        );
        expect(codes(plan).includes('GROUP_SPLIT')).toBe(gpu !== audio);
        expect(codes(plan).includes('DOUBLE_MAP')).toBe(new Set([gpu, audio, nic]).size > 1);
      }),
    );
  });

  test('each hold all of RAM', () => {
    const { spaces } = planOf(
      '-m 4G -object iommufd,id=i -device vfio-pci,host=06:00.0,iommufd=i -device vfio-pci,host=01:00.0',
      WORKSTATION,
    );
    for (const { sections } of spaces) {
      expect(sections.map(({ iova, size, offset }) => [iova, size, offset])).toEqual([
        [0n, 2n << 30n, 0n],
        [4n << 30n, 2n << 30n, 2n << 30n],
      ]);
    }
  });
});

describe('RAM mapped more than once', () => {
  test('is a warning, and the launch goes on', () => {
    const plan = planOf(
      '-m 1G -object iommufd,id=i -device vfio-pci,host=06:00.0,iommufd=i -device vfio-pci,host=01:00.0',
      WORKSTATION,
    );
    expect(plan.problems).toMatchObject([
      {
        code: 'DOUBLE_MAP',
        severity: 'warning',
        message: 'guest RAM is mapped 2 times, once for each address space',
        cause: '1024 MiB count 2 times: ioas(i) has 0000:06:00.0; container0 has 0000:01:00.0',
      },
    ]);
    expect(plan.steps.length).toBeGreaterThan(0);
  });
});

describe('steps', () => {
  const RANGES = 'IOMMU_IOAS_IOVA_RANGES:ioas(#iommufd0)';

  test('of 16 virtual functions wait for no other function before they are bound', () => {
    const devices = Array.from({ length: 16 }, (_, index) => `-device vfio-iommu-pci,host=41:0${2 + (index >> 3)}.${index & 7}`);
    const { steps } = planOf(devices.join(' '), SERVER);
    const binds = steps.filter(({ call }) => call === 'VFIO_DEVICE_BIND_IOMMUFD');
    expect(binds).toHaveLength(16);
    for (const { after, subject } of binds) expect(after).toEqual(['open:/objects/#iommufd0', `open:${subject}`]);
    expect(steps.find(({ id }) => id === RANGES)?.after).toHaveLength(16);
  });

  test('that map RAM through iommufd come after all devices are attached, and beside each other', () => {
    const { steps } = planOf('-m 4G -device vfio-iommu-pci,host=06:00.0', WORKSTATION);
    const maps = steps.filter(({ call }) => call === 'IOMMU_IOAS_MAP');
    expect(maps.length).toBeGreaterThan(2);
    for (const { after } of maps) expect(after).toEqual([RANGES, 'madvise:pc.ram']);
    expect(maps.reduce((sum, { mappedBytes = 0n }) => sum + mappedBytes, 0n)).toBe(4n << 30n);
  });

  test('that make the pages of RAM wait for no device', () => {
    const { steps } = planOf('-m 4G -device vfio-iommu-pci,host=06:00.0', WORKSTATION);
    expect(steps.filter(({ call }) => call === 'madvise')).toMatchObject([{ after: ['mmap:pc.ram'], populatedBytes: 4n << 30n }]);
  });

  test.each([
    [
      'RAM is in a file',
      '-object memory-backend-file,id=m,size=128M,mem-path=/dev/shm/m -machine memory-backend=m',
      'host=06:00.0',
    ],
    ['all devices are emulated', '', `sysfsdev=/sys/bus/mdev/devices/${MDEV_UUID}`],
  ])('make no pages ahead when %s', (_when, ram, device) => {
    const { steps, problems } = planOf(`${ram} -device vfio-pci,${device}`, withMediatedDevice(WORKSTATION));
    expect(problems).toEqual([]);
    expect(steps.filter(({ call }) => call === 'madvise')).toEqual([]);
    expect(steps.find(({ call }) => call === 'VFIO_IOMMU_MAP_DMA')?.after).toContain(ram === '' ? 'mmap:pc.ram' : 'mmap:m');
  });

  test('that open type1 devices do not wait for RAM to be mapped, nor the other way round', () => {
    const { steps } = planOf('-m 4G -device vfio-pci,host=06:00.0', WORKSTATION);
    const byId = new Map(steps.map((step) => [step.id, step]));
    const waitsFor = (id: string): readonly string[] => (byId.get(id)?.after ?? []).flatMap((other) => [other, ...waitsFor(other)]);
    const opens = steps.filter(({ call }) => call === 'VFIO_GROUP_GET_DEVICE_FD').map(({ id }) => id);
    const maps = steps.filter(({ call }) => call === 'VFIO_IOMMU_MAP_DMA').map(({ id }) => id);
    for (const open of opens) expect(waitsFor(open).filter((id) => maps.includes(id))).toEqual([]);
    for (const map of maps) expect(waitsFor(map).filter((id) => opens.includes(id))).toEqual([]);
  });
});
