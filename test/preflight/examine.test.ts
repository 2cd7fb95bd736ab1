import { describe, expect, test } from 'vitest';
import { PROBLEM_CODES } from '../../src/errors/codes.ts';
import type { HostModel, MemoryFacts } from '../../src/host/model.ts';
import { hasErrors } from '../../src/plan/plan.ts';
import { CRITERIA, examine, type Examination } from '../../src/preflight/examine.ts';
import { withDevice, withGroup, withMemlock, withoutIsolation, withRelease } from '../plan/hosts.ts';
import { EXAMPLE_HOSTS, exampleHost, planOf } from '../plan/planning.ts';

const WORKSTATION = exampleHost('workstation');
const NIC = '-m 1G -device vfio-pci,host=06:00.0';
const NIC_IOMMUFD = '-m 1G -object iommufd,id=i -device vfio-pci,host=06:00.0,iommufd=i';

const examineFor = (line: string, host: HostModel = WORKSTATION): Examination => examine(host, planOf(line, host));

const verdict = ({ verdicts }: Examination, id: string) => {
  const found = verdicts.find(({ criterion }) => criterion.id === id);
  return found === undefined ? undefined : { hard: found.hard, result: found.finding.result };
};

const failed = ({ verdicts }: Examination): string[] =>
  verdicts.filter(({ hard, finding }) => hard && finding.result === 'fails').map(({ criterion }) => criterion.id);

const unknownIsolation = (host: HostModel): HostModel => ({
  ...host,
  iommus: host.iommus.map((iommu) => ({ ...iommu, isolatedMsi: 'unknown' })),
});

const withMemory = (memory: MemoryFacts): HostModel => ({ ...WORKSTATION, memory });

const pool = (pageSize: number, available: number): MemoryFacts => ({
  hugePages: [{ pageSize, pages: available, available }],
  transparentHugePages: 'madvise',
});

describe('criteria', () => {
  test('ids are unique', () => expect(new Set(CRITERIA.map(({ id }) => id)).size).toBe(CRITERIA.length));

  test('no two speak of the same problem code', () => {
    const spoken = CRITERIA.flatMap(({ codes }) => codes);
    expect(new Set(spoken).size).toBe(spoken.length);
    expect(spoken.filter((code) => !PROBLEM_CODES.includes(code))).toEqual([]);
  });
});

describe('a host by itself', () => {
  test.each([
    { name: 'workstation', readiness: 'ready', fails: [] },
    { name: 'sriov-server', readiness: 'ready', fails: [] },
    { name: 'stock-debian', readiness: 'ready', fails: [] },
    { name: 'unprepared', readiness: 'not-ready', fails: ['vfio-pci', 'type1'] },
    { name: 'no-iommu', readiness: 'not-ready', fails: ['iommu'] },
  ] as const)('$name is $readiness', ({ name, readiness, fails }) => {
    const examination = examine(exampleHost(name), undefined);
    expect(examination.readiness).toBe(readiness);
    expect(failed(examination)).toEqual(fails);
    expect(examination.forLaunch).toBe(false);
  });

  test.each([
    { what: 'interrupt isolation', host: unknownIsolation(WORKSTATION), id: 'interrupts' },
    {
      what: 'who serves the container',
      host: { ...WORKSTATION, kernel: { ...WORKSTATION.kernel, container: 'unknown' as const } },
      id: 'type1',
    },
    { what: 'the IOMMU', host: { ...WORKSTATION, devices: [], groups: [], iommus: [] }, id: 'iommu' },
  ])('cannot tell when $what is unknown', ({ host, id }) => {
    const examination = examine(host, undefined);
    expect(verdict(examination, id)).toEqual({ hard: true, result: 'unknown' });
    expect(examination.readiness).toBe('cannot-tell');
  });

  test('what fails outweighs what is unknown', () => {
    expect(examine(unknownIsolation(exampleHost('unprepared')), undefined).readiness).toBe('not-ready');
  });

  test.each([
    { what: 'iommufd', host: { ...WORKSTATION, kernel: { ...WORKSTATION.kernel, iommufd: false } }, id: 'iommufd' },
    { what: 'cdevs', host: { ...WORKSTATION, kernel: { ...WORKSTATION.kernel, vfioCdev: false } }, id: 'cdev' },
    { what: 'a high memlock limit', host: withMemlock(WORKSTATION, 8n << 20n), id: 'memlock' },
    { what: 'a recent kernel', host: withRelease(WORKSTATION, '5.10.0'), id: 'kernel' },
    { what: 'huge pages', host: withMemory({ hugePages: [], transparentHugePages: 'never' }), id: 'huge-pages' },
  ])('is ready without $what, and told so', ({ host, id }) => {
    const examination = examine(host, undefined);
    expect(verdict(examination, id)).toEqual({ hard: false, result: 'fails' });
    expect(examination.readiness).toBe('ready');
  });

  test('interrupts that are not isolated fail, unless a module was told to do without', () => {
    const open = withoutIsolation(WORKSTATION);
    expect(failed(examine(open, undefined))).toEqual(['interrupts']);
    const told = { ...open, modules: { ...open.modules, vfio_iommu_type1: { parameters: { allow_unsafe_interrupts: 'Y' } } } };
    expect(examine(told, undefined).readiness).toBe('ready');
  });

  test('an IOMMU that translates for nobody does not matter', () => {
    const [first] = WORKSTATION.iommus;
    const idle = first === undefined ? [] : [{ ...first, name: 'idle', isolatedMsi: 'unknown' as const }];
    expect(examine({ ...WORKSTATION, iommus: [...WORKSTATION.iommus, ...idle] }, undefined).readiness).toBe('ready');
  });
});

const LINES = [
  NIC,
  NIC_IOMMUFD,
  '-m 1G -device vfio-pci,host=01:00.0',
  '-m 1G -object iommufd,id=i -device vfio-pci,host=01:00.0,iommufd=i -device vfio-pci,host=01:00.1,iommufd=i',
  '-m 1G -object iommufd,id=i -device vfio-pci,host=01:00.0,iommufd=i -device vfio-pci,host=01:00.1',
  '-m 1G -device vfio-pci,host=06:00.0 -device vfio-pci,host=06:00.0',
  '-m 1G -device vfio-pci,host=ff:00.0',
  '-m 1G -object iommufd,id=i,fd=99 -device vfio-pci,fd=98,iommufd=i',
  '-m 1G -object iommufd,id=i,compat=type1v2 -device vfio-iommu-pci,host=06:00.0,iommu=i',
  '-m 64G -device vfio-pci,host=41:02.0 -device vfio-pci,host=41:00.0',
];

describe('a host for a launch', () => {
  const cases = EXAMPLE_HOSTS.flatMap((name) => LINES.map((line) => ({ name, line })));

  test.each(cases)('$name: is not ready exactly when the plan refuses: $line', ({ name, line }) => {
    const host = exampleHost(name);
    const plan = planOf(line, host);
    expect(examine(host, plan).readiness === 'not-ready').toBe(hasErrors(plan));
  });

  test.each(cases)('$name: every problem of the plan is in exactly one verdict: $line', ({ name, line }) => {
    const host = exampleHost(name);
    const plan = planOf(line, host);
    const causes = examine(host, plan).verdicts.flatMap(({ finding }) =>
      finding.result === 'fails' ? finding.defects.flatMap(({ code, cause }) => (code === undefined ? [] : [cause])) : [],
    );
    for (const problem of plan.problems.filter(({ cause, severity }) => cause !== undefined && severity !== 'info')) {
      expect(causes.filter((cause) => cause === problem.cause)).toHaveLength(
        plan.problems.filter(({ cause }) => cause === problem.cause).length,
      );
    }
  });

  test('does not speak of a backend that the launch does not use', () => {
    expect(verdict(examineFor(NIC), 'iommufd')).toBeUndefined();
    expect(verdict(examineFor(NIC), 'cdev')).toBeUndefined();
    expect(verdict(examineFor(NIC_IOMMUFD), 'type1')).toBeUndefined();
    expect(verdict(examineFor(NIC), 'any-bound')).toBeUndefined();
  });

  test('warns of a device that cannot be reset, or only with others that stay', () => {
    const without = withDevice(WORKSTATION, '0000:06:00.0', { resetMethods: [] });
    expect(verdict(examineFor(NIC, without), 'reset')).toEqual({ hard: false, result: 'fails' });
    expect(verdict(examineFor('-m 1G -device vfio-pci,host=01:00.0'), 'reset')).toEqual({ hard: false, result: 'fails' });
    const both = '-m 1G -device vfio-pci,host=01:00.0 -device vfio-pci,host=01:00.1';
    expect(verdict(examineFor(both), 'reset')).toEqual({ hard: false, result: 'ok' });
  });

  test('warns of devices on different NUMA nodes', () => {
    const line = '-m 1G -device vfio-pci,host=06:00.0 -device vfio-pci,host=01:00.0';
    const on = (a: number, b: number): HostModel =>
      withDevice(withDevice(WORKSTATION, '0000:06:00.0', { numaNode: a }), '0000:01:00.0', { numaNode: b });
    expect(verdict(examineFor(line, on(0, 1)), 'numa')).toEqual({ hard: false, result: 'fails' });
    expect(verdict(examineFor(line, on(1, 1)), 'numa')).toEqual({ hard: false, result: 'ok' });
    expect(verdict(examineFor(line), 'numa')).toBeUndefined();
  });

  test('cannot tell when the IOMMU of one of its devices may not isolate interrupts', () => {
    expect(examineFor(NIC, unknownIsolation(WORKSTATION)).readiness).toBe('cannot-tell');
    expect(examineFor(NIC, withGroup(WORKSTATION, 16, { iommu: 'unknown' })).readiness).toBe('cannot-tell');
    expect(examineFor(NIC, withGroup(WORKSTATION, 14, { iommu: 'unknown' })).readiness).toBe('ready');
  });

  const MIB = 1024 ** 2;
  const huge = '-object memory-backend-memfd,id=m,size=1G,hugetlb=on -machine memory-backend=m -device vfio-pci,host=06:00.0';
  test.each([
    { what: 'enough of the default size', memory: pool(2 * MIB, 512), line: huge, readiness: 'ready' },
    { what: 'one too few', memory: pool(2 * MIB, 511), line: huge, readiness: 'not-ready' },
    { what: 'none', memory: { hugePages: [], transparentHugePages: 'always' as const }, line: huge, readiness: 'not-ready' },
    {
      what: 'enough, of another size',
      memory: pool(2 * MIB, 512),
      line: huge.replace('hugetlb=on', 'hugetlb=on,hugetlbsize=1G'),
      readiness: 'not-ready',
    },
    { what: 'a model that does not say', memory: undefined, line: huge, readiness: 'cannot-tell' },
  ])('guest RAM of huge pages: $what: $readiness', ({ memory, line, readiness }) => {
    const host = memory === undefined ? WORKSTATION : withMemory(memory);
    const examination = examineFor(line, host);
    expect(examination.readiness).toBe(readiness);
    expect(verdict(examination, 'huge-pages')?.hard).toBe(true);
  });
});
