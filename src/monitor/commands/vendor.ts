import { predictTimeline } from '../../plan/timeline.ts';
import { refused } from '../command-error.ts';
import { defineCommand, type QmpCommand } from '../command-table.ts';
import { withBorrowedFd } from '../fd-parameter.ts';
import type { MachineHost } from '../machine-host.ts';
import { checkDriver, readPluggedDevice } from '../plugged-device.ts';

/** The plan that holds; with what `device_add` would be given, the plan that would then hold, and what stands against it. */
const plan = ({ machine, planJson }: MachineHost): QmpCommand =>
  defineCommand({
    name: 'x-vmattach-plan',
    allowPreconfig: true,
    arguments: [{ name: 'device', type: 'any', optional: true }],
    returns: 'any',
    features: ['unstable'],
    run: async (context, { device }) => {
      if (device === undefined) return planJson(machine().plan);
      if (!(device instanceof Map)) throw refused("Invalid parameter type for 'device', expected: object");
      checkDriver(device.get('driver'));
      return planJson(await withBorrowedFd(device, context, (members) => machine().planDevice(readPluggedDevice(members))));
    },
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
