import { describe, expect, test } from 'vitest';
import { attachJson, attachText } from '../../src/report/attach-report.ts';
import { planJson } from '../../src/report/plan-json.ts';
import { attach } from '../machine/attaching.ts';
import { WORKSTATION } from '../plan/hosts.ts';

describe('attachText', () => {
  test('says for each device how it was attached and why, and what was made in the background', async () => {
    const { machine } = await attach('-m 1G -device vfio-pci,id=gpu,host=01:00.0 -device vfio-iommu-pci,host=06:00.0', WORKSTATION);
    const lines = attachText(machine).split('\n');
    expect(lines.slice(0, 3)).toEqual([
      'created -object iommufd,id=#iommufd0',
      '0000:01:00.0 (/machine/peripheral/gpu) attached through type1: it links to no iommufd object and the default backend is type1',
      '0000:06:00.0 (/machine/peripheral-anon/device[0]) attached through iommufd: devices of type vfio-iommu-pci always use iommufd',
    ]);
    expect(lines[3]).toMatch(/^2 devices attached and 1024 MiB of guest RAM mapped in [0-9.]+ ms$/);
    expect(lines).toHaveLength(4);
  });

  test('of one device', async () => {
    const { machine } = await attach('-device vfio-pci,host=06:00.0', WORKSTATION);
    expect(attachText(machine)).toMatch(/\n1 device attached and /);
  });
});

describe('attachJson', () => {
  test('has the plan, and what each of its steps took', async () => {
    const { machine, plan } = await attach('-device vfio-pci,host=06:00.0', WORKSTATION);
    const json = attachJson(machine);
    expect(Object.keys(json)).toEqual(['schema', 'attached', 'attachMs', 'steps', 'plan']);
    expect([json.schema, json.attached]).toEqual(['vmattach.check/1', true]);
    expect(json.steps.map(({ id }) => id).toSorted()).toEqual(plan.steps.map(({ id }) => id).toSorted());
    for (const { startedMs, endedMs } of json.steps) expect(endedMs).toBeGreaterThanOrEqual(startedMs);
    expect(json.attachMs).toBe(Math.max(...json.steps.map(({ endedMs }) => endedMs)));
    expect(json.plan).toEqual(planJson(plan));
    expect(() => JSON.stringify(json)).not.toThrow();
  });
});
