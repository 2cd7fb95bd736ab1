import { describe, expect, test } from 'vitest';
import { PROBLEM_CODES } from '../../src/errors/codes.ts';
import type { HostModel } from '../../src/host/model.ts';
import { allowUnsafeInterrupts, SERVER, withDevice, withoutIsolation, withReserved, WORKSTATION } from './hosts.ts';
import { CDEV, compat, PLAN_PROBLEM_CASES, TYPE1, withNode, withoutNode } from './plan-problem-cases.ts';
import { codes, DEFAULTS, exampleHost, planOf } from './planning.ts';

const STOCK = exampleHost('stock-debian');

describe('createPlan finds', () => {
  test.each(PLAN_PROBLEM_CASES)('$what: $code', ({ host, line, code, message, cause, fix, subject }) => {
    const plan = planOf(line, host);
    const problem = plan.problems.find((candidate) => candidate.code === code);
    expect(codes(plan)).toContain(code);
    if (message !== undefined) expect(problem?.message).toBe(message);
    if (typeof cause === 'string') expect(problem?.cause).toBe(cause);
    else expect(problem?.cause).toMatch(cause);
    if (fix !== undefined) expect(problem?.fixes).toContain(fix);
    expect(problem?.fixes?.length).toBeGreaterThan(0);
    expect(problem?.subject).toBe(subject ?? '/machine/peripheral-anon/device[0]');
    expect(problem?.location).toMatch(/^-device /);
    expect(plan.steps).toEqual([]);
  });

  test.each(PLAN_PROBLEM_CASES)('only codes that are documented: $what', ({ host, line }) => {
    for (const code of codes(planOf(line, host))) expect(PROBLEM_CODES).toContain(code);
  });

  test('one problem for a device on a host driver, not also that its group is not viable', () => {
    for (const line of [`${TYPE1}02:00.0`, `${CDEV}02:00.0`, compat('02:00.0')]) {
      expect(codes(planOf(line, WORKSTATION))).toEqual(['NOT_BOUND']);
    }
  });

  test('no RAM of a QEMU machine where AMD IOMMUs reserve it: QEMU goes around that', () => {
    expect(codes(planOf(`-machine q35 -m 1011G ${CDEV}41:02.0`, SERVER))).toEqual([]);
  });

  test('a backend that is not enabled', () => {
    const plan = planOf(`${TYPE1}06:00.0`, WORKSTATION, { enabled: new Set(['iommufd']) });
    expect(plan.problems).toMatchObject([
      { code: 'BACKEND_DISABLED', message: 'backend type1 is not enabled', subject: '/machine/peripheral-anon/device[0]' },
    ]);
    expect(plan.steps).toEqual([]);
  });

  test('several devices that cannot work, each with its own problem', () => {
    const plan = planOf(`${TYPE1}01:00.0 ${TYPE1}06:00.0 ${TYPE1}09:00.0`, exampleHost('unprepared'));
    expect(plan.problems.filter(({ code }) => code !== 'MEMLOCK_TOO_LOW').map(({ code, subject }) => [code, subject])).toEqual([
      ['NO_SUCH_DEVICE', '/machine/peripheral-anon/device[2]'],
      ['NOT_BOUND', '/machine/peripheral-anon/device[0]'],
      ['GROUP_NOT_VIABLE', '/machine/peripheral-anon/device[0]'],
      ['NOT_BOUND', '/machine/peripheral-anon/device[1]'],
    ]);
  });
});

describe('createPlan finds nothing against', () => {
  test.each<[what: string, host: HostModel, line: string]>([
    ['type1', WORKSTATION, `${TYPE1}06:00.0`],
    ['iommufd', WORKSTATION, `${CDEV}06:00.0`],
    ['compat', WORKSTATION, compat('06:00.0')],
    ['type1 on a kernel without iommufd', STOCK, `${TYPE1}01:00.0`],
    ['unsafe interrupts that are allowed', allowUnsafeInterrupts(withoutIsolation(WORKSTATION), 'iommufd'), `${CDEV}06:00.0`],
    [
      'a mapping that the firmware lets go',
      withReserved(WORKSTATION, 16, { start: '0x1000000', end: '0x1ffffff', type: 'direct-relaxable' }),
      `${TYPE1}06:00.0`,
    ],
    [
      'a VF with its token',
      withDevice(SERVER, '0000:41:00.0', { driver: 'vfio-pci', cdev: { name: 'vfio99', device: '509:99' } }),
      `${TYPE1}41:02.0,vf-token=5b4c0b5a-6ef9-4b6c-a5b0-1b3e3c6d7f10`,
    ],
    ['RAM that ends right below the reserved range', SERVER, `-m 1010G ${CDEV}41:02.0`],
    ['two names of one device', WORKSTATION, `${TYPE1}06:00.0,sysfsdev=/sys/bus/pci/devices/0000:06:00.0`],
    ['both functions of a group in one space', WORKSTATION, `${TYPE1}01:00.0 ${TYPE1}01:00.1`],
    ['no device at all', WORKSTATION, '-m 64'],
  ])('%s', (_what, host, line) => {
    const plan = planOf(line, host);
    expect(plan.problems).toEqual([]);
    expect(plan.steps.length).toBeGreaterThan(0);
  });
});

describe('--default-backend prefer-iommufd', () => {
  test.each<[what: string, host: HostModel, backend: string, reason: RegExp]>([
    ['takes iommufd where both nodes can be opened', WORKSTATION, 'iommufd', /can be opened$/],
    ['says that there is no cdev', STOCK, 'type1', /, but the device has no VFIO cdev$/],
    ['says that /dev/iommu is missing', withoutNode(WORKSTATION, '/dev/iommu'), 'type1', /, but \/dev\/iommu does not exist$/],
    [
      'says that the cdev cannot be opened',
      withNode(WORKSTATION, '/dev/vfio/devices/vfio0', '0600'),
      'type1',
      /, but \/dev\/vfio\/devices\/vfio0 cannot be opened: mode 0600/,
    ],
  ])('%s', (_what, host, backend, reason) => {
    const [device] = planOf(`${TYPE1}01:00.0`, host, { byDefault: 'prefer-iommufd' }).devices;
    expect(device?.backend).toBe(backend);
    expect(device?.reason).toMatch(reason);
  });

  test('needs only the backend that it takes to be enabled', () => {
    const settings = { ...DEFAULTS, byDefault: 'prefer-iommufd' } as const;
    expect(planOf(`${TYPE1}01:00.0`, WORKSTATION, { ...settings, enabled: new Set(['iommufd']) }).problems).toEqual([]);
    expect(codes(planOf(`${TYPE1}01:00.0`, STOCK, { ...settings, enabled: new Set(['iommufd']) }))).toEqual(['BACKEND_DISABLED']);
  });
});
