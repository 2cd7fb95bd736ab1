import { VmattachError } from '../../errors/problem.ts';
import type { JsonObject } from '../../options/json-value.ts';
import { CommandError } from '../command-error.ts';
import { defineCommand, EventAfterReply, type QmpCommand } from '../command-table.ts';
import { withPassedFd } from '../fd-parameter.ts';
import { attachedEvent, attachmentOf } from '../machine-events.ts';
import type { MachineHost } from '../machine-host.ts';
import { checkDriver, readPluggedDevice } from '../plugged-device.ts';

/** An object that a device links to and that is not there has a class of its own; a bus has not. */
const classified = (error: unknown): unknown =>
  error instanceof VmattachError && error.problem.code === 'LINK_NOT_FOUND' && error.problem.message.startsWith('Device ')
    ? new CommandError('DeviceNotFound', error.problem.message)
    : error;

/** Plugs a device: the reply comes when it is attached and its DMA works, and an event after it. */
export const deviceAdd = ({ machine, state }: MachineHost): QmpCommand => {
  const add = async (members: JsonObject): Promise<string> => {
    const spec = readPluggedDevice(members);
    try {
      return await machine().addDevice(spec);
    } catch (error) {
      throw classified(error);
    }
  };
  return defineCommand({
    name: 'device_add',
    arguments: [
      { name: 'driver', type: 'str' },
      { name: 'bus', type: 'str', optional: true },
      { name: 'id', type: 'str', optional: true },
    ],
    allowOthers: true,
    readsItself: true,
    features: ['json-cli', 'json-cli-hotplug'],
    run: async (context, _values, all) => {
      checkDriver(all.get('driver'));
      const started = performance.now();
      const path = await withPassedFd(all, context, state.fds, add);
      state.hotplugged.add(path);
      const milliseconds = performance.now() - started;
      const device = machine().plan.devices.find((planned) => planned.path === path);
      return device && new EventAfterReply(() => attachedEvent(attachmentOf(device), milliseconds));
    },
  });
};
