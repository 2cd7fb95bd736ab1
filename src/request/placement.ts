import { textValue, type DeviceSpec } from '../devices/device-spec.ts';
import { PciBus } from '../devices/pci-bus.ts';
import { failure } from '../errors/problem.ts';
import { BARE_MACHINE } from './read-machine.ts';
import type { LinkedDevice } from './request.ts';

/** QEMU's machine without anything: its one bus is that of the system. */
const NONE_MACHINE = 'none';

/** Gives a device its place: slot and function as devfn, where the bus is ours. @throws in QEMU's words */
type Place = (spec: DeviceSpec) => number | undefined;

const plugInto =
  (bus: PciBus): Place =>
  (spec) =>
    spec.type.bus === 'PCI' ? bus.plug(spec) : undefined;

/** The bus as it is with the devices that sit on it already. */
const occupiedBus = (devices: readonly LinkedDevice[]): PciBus => {
  const bus = new PciBus();
  for (const { spec, devfn } of devices) {
    if (devfn !== undefined) {
      bus.occupy(devfn, spec);
    }
  }
  return bus;
};

const refuseWithoutBus: Place = (spec) => {
  const bus = textValue(spec.values, 'bus');
  if (spec.type.bus === 'System' && bus === undefined) {
    return undefined;
  }
  const { name, bus: busType } = spec.type;
  throw failure('LINK_NOT_FOUND', bus === undefined ? `No '${busType}' bus found for device '${name}'` : `Bus '${bus}' not found`, {
    cause: `-machine ${NONE_MACHINE} has no ${busType} bus`,
    fixes: [`-machine ${BARE_MACHINE} attaches devices without a guest`, 'use another machine type of QEMU, e.g. -machine q35'],
  });
};

/** Which buses there are, the engine knows; one without a name there is not. */
const refuseUnnamedBus: Place = (spec) => {
  if (textValue(spec.values, 'bus') === '') {
    throw failure('LINK_NOT_FOUND', "Bus '' not found", { fixes: ['leave bus= out', 'bus=pcie.0'] });
  }
  return undefined;
};

/**
 * What a machine does with each device in turn: give it a place or refuse it. The buses of QEMU's other machines are the engine's.
 * The function that is returned throws LINK_NOT_FOUND and CONFLICT in QEMU's words.
 * @param plugged devices that have their place already
 */
export const placeDevices = (machineType: string, plugged: readonly LinkedDevice[] = []): Place => {
  switch (machineType) {
    case BARE_MACHINE:
      return plugInto(occupiedBus(plugged));
    case NONE_MACHINE:
      return refuseWithoutBus;
    default:
      return refuseUnnamedBus;
  }
};
