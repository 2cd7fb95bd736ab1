import type { BareMachine } from '../machine/bare-machine.ts';
import { formatBytes } from '../plan/remedies.ts';
import { planJson } from './plan-json.ts';

const round = (ms: number): number => Math.round(ms * 100) / 100;

/** When the last step ended, in ms since the first began. */
const attachMs = (machine: BareMachine): number => round(Math.max(0, ...machine.records.map(({ ended }) => ended)));

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

/** What was attached and how, one line for each device. */
export const attachText = (machine: BareMachine): string => {
  const { devices, objects, ram } = machine.plan;
  const automatic = objects.filter(({ auto }) => auto);
  return [
    ...automatic.map(({ id, type }) => `created -object ${type},id=${id}`),
    ...devices.map(({ name, path, backend, reason }) => `${name} (${path}) attached through ${backend}: ${reason}`),
    `${count(devices.length, 'device')} attached and ${formatBytes(ram.size)} of guest RAM mapped in ${attachMs(machine)} ms`,
  ].join('\n');
};

/** The plan together with what each step really took. */
export const attachJson = (machine: BareMachine) => ({
  schema: 'vmattach.check/1',
  attached: true,
  attachMs: attachMs(machine),
  steps: machine.records.map(({ step, started, ended }) => ({ id: step.id, startedMs: round(started), endedMs: round(ended) })),
  plan: planJson(machine.plan),
});
