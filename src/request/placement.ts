import { textValue, type DeviceSpec } from '../devices/device-spec.ts';
import { PciBus } from '../devices/pci-bus.ts';
import { failure } from '../errors/problem.ts';
import { BARE_MACHINE } from './read-machine.ts';

/** QEMU's machine without anything: its one bus is that of the system. */
const NONE_MACHINE = 'none';

const plugInto =
  (bus: PciBus) =>
  (spec: DeviceSpec): void => {
    if (spec.type.bus === 'PCI') {
      bus.plug(spec);
    }
  };

const refuseWithoutBus = (spec: DeviceSpec): void => {
  const bus = textValue(spec.values, 'bus');
  if (spec.type.bus === 'System' && bus === undefined) {
    return;
  }
  const { name, bus: busType } = spec.type;
  throw failure('LINK_NOT_FOUND', bus === undefined ? `No '${busType}' bus found for device '${name}'` : `Bus '${bus}' not found`, {
    cause: `-machine ${NONE_MACHINE} has no ${busType} bus`,
    fixes: [`-machine ${BARE_MACHINE} attaches devices without a guest`, 'use another machine type of QEMU, e.g. -machine q35'],
  });
};

/**
 * What a machine does with each device in turn: give it a place or refuse it. The buses of QEMU's other machines are the engine's.
 * The function that is returned throws LINK_NOT_FOUND and CONFLICT in QEMU's words.
 */
export const placeDevices = (machineType: string): ((spec: DeviceSpec) => void) => {
  switch (machineType) {
    case BARE_MACHINE:
      return plugInto(new PciBus());
    case NONE_MACHINE:
      return refuseWithoutBus;
    default:
      return () => undefined;
  }
};
