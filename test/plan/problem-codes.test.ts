import { describe, expect, test } from 'vitest';
import { CODE_GUIDE } from '../../src/errors/code-guide.ts';
import { PROBLEM_CODES, type ProblemCode } from '../../src/errors/codes.ts';
import type { HostModel } from '../../src/host/model.ts';
import { HOST_PROBLEM_CASES, type HostProblemCase } from './host-problem-cases.ts';
import { SERVER, withDevice, withFds, withoutIsolation, WORKSTATION } from './hosts.ts';
import { CDEV, compat, PLAN_PROBLEM_CASES, TYPE1, withKernel, withoutNode } from './plan-problem-cases.ts';
import { codes, DEFAULTS, exampleHost, planOf } from './planning.ts';

/** The codes of the plan's contract. DOUBLE_MAP is a warning, and NO_ENGINE is said by the launch. */
const CONTRACT = PROBLEM_CODES.slice(PROBLEM_CODES.indexOf('NO_IOMMU'));
const TESTED_ELSEWHERE: ReadonlySet<ProblemCode> = new Set(['DOUBLE_MAP', 'NO_ENGINE']);
const CASES: readonly HostProblemCase[] = [...PLAN_PROBLEM_CASES, ...HOST_PROBLEM_CASES];

describe('createPlan finds on a host', () => {
  test.each(HOST_PROBLEM_CASES)('$what: $code', ({ host, line, code, message, cause, fix, subject, enabled }) => {
    const plan = planOf(line, host, enabled === undefined ? {} : { ...DEFAULTS, enabled: new Set(enabled) });
    expect(codes(plan)).toEqual([code]);
    const [problem] = plan.problems;
    if (message !== undefined) expect(problem?.message).toBe(message);
    if (typeof cause === 'string') expect(problem?.cause).toBe(cause);
    else expect(problem?.cause).toMatch(cause);
    if (fix !== undefined) expect(problem?.fixes).toContain(fix);
    expect(problem?.fixes?.length).toBeGreaterThan(0);
    expect(problem?.subject).toBe(subject ?? '/machine/peripheral-anon/device[0]');
    expect(plan.steps).toEqual([]);
  });
});

describe('every code of the contract', () => {
  test.each(CONTRACT.filter((code) => !TESTED_ELSEWHERE.has(code)))('%s has a case', (code) => {
    expect(CASES.map((one) => one.code)).toContain(code);
  });

  test.each(CONTRACT.filter((code) => !TESTED_ELSEWHERE.has(code)))('%s: the example of the error page is real', (code) => {
    const messages = CASES.filter((one) => one.code === code).flatMap(({ host, line, enabled }) =>
      planOf(line, host, enabled === undefined ? {} : { ...DEFAULTS, enabled: new Set(enabled) }).problems.map(
        ({ message }) => message,
      ),
    );
    expect(messages).toContain(CODE_GUIDE[code].example.says);
  });

  test('DOUBLE_MAP warns and leaves the launch possible', () => {
    const plan = planOf(`${CDEV}06:00.0 ${TYPE1}01:00.0`, WORKSTATION);
    expect(plan.problems).toMatchObject([{ code: 'DOUBLE_MAP', severity: 'warning', message: CODE_GUIDE.DOUBLE_MAP.example.says }]);
    expect(plan.steps.length).toBeGreaterThan(0);
  });
});

describe('a root cause is said once', () => {
  const VFS = Array.from({ length: 64 }, (_, index) => `41:${(2 + (index >> 3)).toString(16).padStart(2, '0')}.${index & 7}`);
  const both = (make: (address: string) => string): string => [make('01:00.0'), make('01:00.1')].join(' ');
  const GPU_WITH_AUDIO = both((address) => `${TYPE1}${address}`);
  const iommufds = VFS.map((address) => `${CDEV}${address}`).join(' ');

  test.each<[what: string, line: string, host: HostModel, expected: readonly string[]]>([
    [
      'an unprepared desktop, two devices',
      `-m 8G -object iommufd,id=i ${both((address) => `-device vfio-pci,host=${address},iommufd=i`)}`,
      exampleHost('unprepared'),
      ['NOT_BOUND', 'IOMMUFD_MISSING', 'NOT_BOUND', 'MEMLOCK_TOO_LOW'],
    ],
    ['64 devices without /dev/iommu', iommufds, withoutNode(SERVER, '/dev/iommu'), ['IOMMUFD_MISSING']],
    ['64 devices on a kernel with neither', `${both((a) => `${CDEV}${a}`)}`, exampleHost('stock-debian'), ['IOMMUFD_MISSING']],
    [
      '64 devices on a kernel without cdevs',
      iommufds,
      withKernel({ ...SERVER, devices: SERVER.devices.map((device) => ({ ...device, cdev: null })) }, { vfioCdev: false }),
      ['CDEV_MISSING'],
    ],
    ['no container', GPU_WITH_AUDIO, withoutNode(WORKSTATION, '/dev/vfio/vfio'), ['TYPE1_MISSING']],
    ['a host without IOMMU', `${TYPE1}01:00.0 ${TYPE1}02:00.0`, exampleHost('no-iommu'), ['NO_IOMMU']],
    [
      'siblings of this launch are told of themselves, not of each other',
      GPU_WITH_AUDIO,
      { ...exampleHost('unprepared'), process: WORKSTATION.process },
      ['NOT_BOUND', 'NOT_BOUND'],
    ],
    [
      'a foreign sibling blocks the group once',
      GPU_WITH_AUDIO,
      { ...WORKSTATION, devices: [...WORKSTATION.devices, foreignSibling()] },
      ['GROUP_NOT_VIABLE'],
    ],
    ['64 devices over one reserved range of their groups', `-m 1011G ${iommufds}`, SERVER, ['IOVA_RESERVED']],
    ['64 devices of an IOMMU without interrupt isolation', iommufds, withoutIsolation(SERVER), ['MSI_NOT_ISOLATED']],
  ])('%s', (_what, line, host, expected) => {
    expect(codes(planOf(line, host))).toEqual(expected);
  });

  function foreignSibling() {
    const first = WORKSTATION.devices.find(({ address }) => address === '0000:01:00.1');
    if (first === undefined) throw new Error('the example host has no 0000:01:00.1');
    return { ...first, address: '0000:01:00.2', driver: 'xhci_hcd', cdev: null };
  }
});

describe('no false alarm', () => {
  const TOKEN = '5b4c0b5a-6ef9-4b6c-a5b0-1b3e3c6d7f10';
  const PF_BOUND = withDevice(SERVER, '0000:41:00.0', { driver: 'vfio-pci', cdev: { name: 'vfio99', device: '509:99' } });
  const heldCdev = (hasIommufd: boolean): HostModel => ({
    ...WORKSTATION,
    nodes: {
      ...WORKSTATION.nodes,
      '/dev/vfio/devices/vfio2': {
        device: '511:2',
        mode: '0666',
        uid: 0,
        gid: 0,
        heldBy: { pid: 7, command: 'udevd', hasIommufd },
      },
    },
  });

  test.each<[what: string, line: string, host: HostModel]>([
    ['a cdev that somebody has open without an iommufd is not bound', `${CDEV}06:00.0`, heldCdev(false)],
    [
      'a passed cdev that the parent still has open',
      '-object iommufd,id=i,fd=20 -device vfio-pci,fd=21,iommufd=i',
      withFds(heldCdev(true), { 20: { kind: 'iommufd' }, 21: { kind: 'vfio-cdev', address: '0000:06:00.0' } }),
    ],
    ['a VF by its cdev, on a kernel that looks at no token there', `${CDEV}41:02.0`, withKernel(PF_BOUND, { release: '6.12.0' })],
    ['a VF with its token by cdev', `${CDEV}41:02.0,vf-token=${TOKEN}`, withKernel(PF_BOUND, { release: '6.19.0' })],
    ['a physical function that gets a token', `${TYPE1}41:00.0,vf-token=${TOKEN}`, PF_BOUND],
    ['type1 calls that iommufd serves', `${TYPE1}06:00.0`, withKernel(WORKSTATION, { container: 'iommufd' })],
    ['compat without a container', compat('06:00.0'), withoutNode(WORKSTATION, '/dev/vfio/vfio')],
    [
      'iommufd backported to a kernel from before it',
      `${CDEV}06:00.0`,
      withKernel(WORKSTATION, { release: '5.14.0-503.el9.x86_64' }),
    ],
  ])('%s', (_what, line, host) => {
    expect(planOf(line, host).problems).toEqual([]);
  });
});
