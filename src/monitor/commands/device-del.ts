import { failure, VmattachError, type Problem } from '../../errors/problem.ts';
import type { PlannedDevice } from '../../plan/planned-device.ts';
import { PERIPHERAL } from '../../objects/composition-tree.ts';
import { CommandError, refused } from '../command-error.ts';
import { defineCommand, type CommandContext, type QmpCommand } from '../command-table.ts';
import { attachmentOf, deletedEvent, detachedEvent, notUnpluggedEvent } from '../machine-events.ts';
import type { MachineHost } from '../machine-host.ts';

/** @param id an id, or a QOM path (system/qdev-monitor.c, find_device_state). @throws CommandError */
const findDevice = (id: string, { machine }: MachineHost): PlannedDevice => {
  const { devices, request } = machine().plan;
  const [node] = request.tree.match(id.startsWith('/') ? id : `${PERIPHERAL}/${id}`);
  if (node === undefined) {
    throw new CommandError('DeviceNotFound', `Device '${id}' not found`);
  }
  const device = devices.find(({ path }) => path === node.path);
  if (device === undefined) {
    throw refused(`${id} is not a device`);
  }
  return device;
};

const problemOf = (error: unknown): Problem =>
  error instanceof VmattachError ? error.problem : failure('INTERNAL', `cannot unplug: ${String(error)}`).problem;

/** A cdev stays bound, and the host cannot have its device back, until the last fd of it is closed; so QEMU closes a passed one too. */
const closeCdev = ({ path, fd }: PlannedDevice, { state, closeFd }: MachineHost, { namedFds, fdSets }: CommandContext): void => {
  if (state.fds.close(path) || fd === undefined) {
    return;
  }
  const isInSet = fdSets.list().some(({ entries }) => entries.some((entry) => entry.fd.number === fd));
  if (!isInSet && !namedFds.holds(fd)) {
    closeFd(fd);
  }
};

/** Everything after the reply. */
const unplug = async (device: PlannedDevice, host: MachineHost, context: CommandContext): Promise<void> => {
  const { machine, state, warn } = host;
  const { path } = device;
  if (machine().ended) {
    return;
  }
  const started = performance.now();
  try {
    await machine().removeDevice(path);
  } catch (error) {
    warn({ ...problemOf(error), severity: 'warning' });
  }
  state.unplugging.delete(path);
  const attachment = attachmentOf(device);
  if (machine().plan.devices.some((planned) => planned.path === path)) {
    context.emit(notUnpluggedEvent(attachment));
    return;
  }
  closeCdev(device, host, context);
  state.hotplugged.delete(path);
  context.emit(detachedEvent(attachment, performance.now() - started));
  context.emit(deletedEvent(attachment));
};

/** Asks for a device to be unplugged: the reply comes at once, and an event when it is gone. */
export const deviceDel = (host: MachineHost): QmpCommand =>
  defineCommand({
    name: 'device_del',
    arguments: [{ name: 'id', type: 'str' }],
    run: (context, { id }) => {
      const device = findDevice(id, host);
      const { unplugging } = host.state;
      if (unplugging.has(device.path)) {
        throw refused(`Device ${id} is already in the process of unplug`);
      }
      if (!device.spec.type.hotpluggable) {
        throw refused(`Device '${device.spec.type.name}' does not support hotplugging`);
      }
      unplugging.add(device.path);
      setImmediate(() => {
        unplug(device, host, context).catch((error: unknown) => host.warn(problemOf(error)));
      });
      return undefined;
    },
  });
