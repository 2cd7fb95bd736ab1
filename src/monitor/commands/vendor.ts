import { predictTimeline } from '../../plan/timeline.ts';
import { defineCommand, type QmpCommand } from '../command-table.ts';
import type { MachineHost } from '../machine-host.ts';

const plan = ({ machine, planJson }: MachineHost): QmpCommand =>
  defineCommand({
    name: 'x-vmattach-plan',
    allowPreconfig: true,
    arguments: [],
    returns: 'any',
    features: ['unstable'],
    run: () => planJson(machine().plan),
  });

const timeline = ({ machine }: MachineHost): QmpCommand =>
  defineCommand({
    name: 'x-vmattach-timeline',
    allowPreconfig: true,
    arguments: [],
    returns: {
      members: [
        { name: 'predicted-ms', type: 'number' },
        { name: 'critical-path', type: { list: 'str' } },
        {
          name: 'steps',
          type: {
            list: {
              members: [
                { name: 'id', type: 'str' },
                { name: 'call', type: 'str' },
                { name: 'subject', type: 'str' },
                { name: 'started-ms', type: 'number' },
                { name: 'ended-ms', type: 'number' },
              ],
            },
          },
        },
      ],
    },
    features: ['unstable'],
    run: () => {
      const { plan: current, records } = machine();
      const { predictedMs, criticalPath } = predictTimeline(current);
      return {
        'predicted-ms': predictedMs,
        'critical-path': criticalPath,
        steps: records.map(({ step, started, ended }) => ({
          id: step.id,
          call: step.call,
          subject: step.subject,
          'started-ms': started,
          'ended-ms': ended,
        })),
      };
    },
  });

/** What QEMU has no word for: the plan that holds now, and what each step that is done took, in ms since its own change began. */
export const vendorCommands = (host: MachineHost): readonly QmpCommand[] => [plan(host), timeline(host)];
