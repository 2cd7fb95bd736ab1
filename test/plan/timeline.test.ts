import { describe, expect, test } from 'vitest';
import { predictTimeline } from '../../src/plan/timeline.ts';
import { SERVER, WORKSTATION } from './hosts.ts';
import { planOf } from './planning.ts';

const functions = (count: number): string =>
  Array.from({ length: count }, (_, index) => `-device vfio-iommu-pci,host=41:0${2 + (index >> 3)}.${index & 7}`).join(' ');

const predicted = (line: string): number => predictTimeline(planOf(line, SERVER)).predictedMs;

describe('predictTimeline', () => {
  test('counts devices that are reset side by side once', () => {
    expect(predicted(functions(16)) - predicted(functions(1))).toBeLessThan(1);
    expect(predicted(functions(1))).toBeGreaterThan(100);
  });

  test('counts RAM that is mapped in pieces by the largest piece', () => {
    expect(predicted(`-m 1G ${functions(1)}`) - predicted(`-m 256M ${functions(1)}`)).toBeLessThan(1);
  });

  test('hides the mapping of RAM behind a slow reset on type1', () => {
    const short = predictTimeline(planOf('-m 512M -device vfio-pci,host=01:00.0', WORKSTATION));
    const long = predictTimeline(planOf('-m 2G -device vfio-pci,host=01:00.0', WORKSTATION));
    expect(long.predictedMs).toBe(short.predictedMs);
  });

  test('names the chain that decides, from its first step to its last', () => {
    const plan = planOf(`-m 1G ${functions(1)}`, SERVER);
    const timeline = predictTimeline(plan);
    const byId = new Map(plan.steps.map((step) => [step.id, step]));
    expect(byId.get(timeline.criticalPath[0] ?? '')?.after).toEqual([]);
    for (const [index, id] of timeline.criticalPath.entries()) {
      const previous = timeline.criticalPath[index - 1];
      if (previous !== undefined) expect(byId.get(id)?.after).toContain(previous);
    }
    expect(timeline.criticalPath).toContain('VFIO_DEVICE_BIND_IOMMUFD:/machine/peripheral-anon/device[0]');
  });

  test('is nothing for nothing', () => {
    expect(predictTimeline({ steps: [], devices: [] })).toEqual({ predictedMs: 0, criticalPath: [] });
  });
});
