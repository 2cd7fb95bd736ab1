import type { Step } from '../backends/step.ts';
import type { Plan } from './plan.ts';
import type { PlannedDevice } from './planned-device.ts';

/** What a launch is expected to take, and which chain of steps decides it. */
export interface Timeline {
  readonly predictedMs: number;
  readonly criticalPath: readonly string[];
}

const GIB = 1024 ** 3;

/** A call that neither resets a device nor pins memory. */
const PLAIN_CALL_MS = 0.02;

/** What opening a device costs by its first reset method: the waits that the PCI specification prescribes (drivers/pci/pci.c). */
const RESET_MS: Readonly<Record<string, number>> = { flr: 100, af_flr: 100, pm: 20, bus: 1000, device_specific: 100 };

/** Pinning and mapping memory in 4 KiB pages, per GiB. */
const MAP_MS_PER_GIB = 20;

/** Zeroing 2 MiB pages on one thread, per GiB (measured on an EPYC of 2025; 4 KiB pages take seven times as long). */
const POPULATE_MS_PER_GIB = 40;

const OPENS_DEVICE = new Set(['VFIO_DEVICE_BIND_IOMMUFD', 'VFIO_GROUP_GET_DEVICE_FD']);

const resetCost = (device: PlannedDevice | undefined): number => {
  const [method] = device?.pci?.resetMethods ?? [];
  return method === undefined ? 0 : (RESET_MS[method] ?? 0);
};

const cost = (step: Step, devices: ReadonlyMap<string, PlannedDevice>): number => {
  if (OPENS_DEVICE.has(step.call)) {
    return PLAIN_CALL_MS + resetCost(devices.get(step.subject));
  }
  const mapping = (Number(step.mappedBytes ?? 0n) / GIB) * MAP_MS_PER_GIB;
  const populating = (Number(step.populatedBytes ?? 0n) / GIB) * POPULATE_MS_PER_GIB;
  return PLAIN_CALL_MS + mapping + populating;
};

interface Finish {
  readonly ms: number;
  readonly previous: string | undefined;
}

/** The longest chain through the graph of steps, by expected cost. Steps come after what they wait for only in `after`, in any order. */
export const predictTimeline = ({ steps, devices: planned }: Pick<Plan, 'steps' | 'devices'>): Timeline => {
  const devices = new Map(planned.map((device) => [device.path, device]));
  const byId = new Map(steps.map((step) => [step.id, step]));
  const finished = new Map<string, Finish>();
  const finish = (step: Step): Finish => {
    const known = finished.get(step.id);
    if (known !== undefined) {
      return known;
    }
    const waits = step.after.flatMap((id) => {
      const before = byId.get(id);
      return before === undefined ? [] : [{ id, ms: finish(before).ms }];
    });
    const last = waits.reduce<{ id: string; ms: number } | undefined>(
      (latest, wait) => (latest === undefined || wait.ms > latest.ms ? wait : latest),
      undefined,
    );
    const result = { ms: (last?.ms ?? 0) + cost(step, devices), previous: last?.id };
    finished.set(step.id, result);
    return result;
  };
  const end = steps.reduce<Step | undefined>(
    (latest, step) => (latest === undefined || finish(step).ms > finish(latest).ms ? step : latest),
    undefined,
  );
  const criticalPath: string[] = [];
  for (let id = end?.id; id !== undefined; id = finished.get(id)?.previous) {
    criticalPath.unshift(id);
  }
  return { predictedMs: Math.round((end === undefined ? 0 : finish(end).ms) * 10) / 10, criticalPath };
};
