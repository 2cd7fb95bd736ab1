import type { PciDeviceFacts } from '../host/model.ts';
import { isVfioDriver } from '../host/query.ts';
import { pciDeviceFolder } from '../host/read-pci-device.ts';
import type { BindingWrite, SysfsWrite } from './binding-plan.ts';

/** The driver a device is bound to and its `driver_override`. */
export interface DriverState {
  readonly driver: string | null;
  readonly override: string | null;
}

const overrideWrite = (address: string, driver: string | null): SysfsWrite => ({
  kind: 'override',
  address,
  path: `${pciDeviceFolder(address)}/driver_override`,
  value: driver ?? '',
  expected: driver,
});

const unbindWrite = (address: string): SysfsWrite => ({
  kind: 'unbind',
  address,
  path: `${pciDeviceFolder(address)}/driver/unbind`,
  value: address,
  expected: null,
});

const probeWrite = (address: string, expected: string | undefined): SysfsWrite => ({
  kind: 'probe',
  address,
  path: '/sys/bus/pci/drivers_probe',
  value: address,
  expected,
});

export const driverFolder = (driver: string): string => `/sys/bus/pci/drivers/${driver}`;

/** Binds to this driver and no other, and unlike drivers_probe fails with the errno of the probe (drivers/base/bus.c). */
export const bindWrite = (address: string, driver: string): SysfsWrite => ({
  kind: 'bind',
  address,
  path: `${driverFolder(driver)}/bind`,
  value: address,
  expected: driver,
});

/**
 * The override under which a driver takes a device: vfio's drivers and pci-stub match by override only, the others not against one
 * (pci_match_device, drivers/pci/pci-driver.c).
 */
const overrideFor = (driver: string, override: string | null): string | null =>
  override === null && !isVfioDriver(driver) && driver !== 'pci-stub' ? null : driver;

/** Gives a device that has no driver back to the one it had, and leaves the override it had. */
const rebind = (address: string, { driver, override }: DriverState): SysfsWrite[] =>
  driver === null
    ? []
    : [overrideWrite(address, overrideFor(driver, override)), bindWrite(address, driver), overrideWrite(address, override)];

const setOverride = (address: string, from: string | null, to: string | null): BindingWrite[] =>
  from === to ? [] : [{ ...overrideWrite(address, to), undo: [overrideWrite(address, from)] }];

const leaveDriver = (address: string, state: DriverState): BindingWrite[] =>
  state.driver === null ? [] : [{ ...unbindWrite(address), undo: rebind(address, state) }];

/**
 * The writes that give a device to a driver. The override concerns this device alone; `new_id` would take every other device of the
 * model, too.
 */
export const bindWrites = ({ address }: PciDeviceFacts, state: DriverState, driver: string): BindingWrite[] => [
  ...setOverride(address, state.override, driver),
  ...leaveDriver(address, state),
  { ...probeWrite(address, driver), undo: [unbindWrite(address)] },
];

/** The writes that bring a device from one state to another, exactly: a device that had no driver gets none. */
export const restoreWrites = ({ address }: PciDeviceFacts, from: DriverState, to: DriverState): BindingWrite[] => {
  if (from.driver === to.driver) return setOverride(address, from.override, to.override);
  if (to.driver === null) return [...leaveDriver(address, from), ...setOverride(address, from.override, to.override)];
  const between = overrideFor(to.driver, to.override);
  return [
    ...leaveDriver(address, from),
    ...setOverride(address, from.override, between),
    { ...bindWrite(address, to.driver), undo: [unbindWrite(address)] },
    ...setOverride(address, between, to.override),
  ];
};

/** The writes that let the kernel choose a driver by its tables. */
export const reprobeWrites = ({ address }: PciDeviceFacts, from: DriverState): BindingWrite[] => [
  ...setOverride(address, from.override, null),
  ...leaveDriver(address, from),
  { ...probeWrite(address, undefined), undo: [unbindWrite(address)] },
];
