import type { PlannedDevice } from './planned-device.ts';

/** The devices of one launch, by host name: a check of one device may have to know the others. */
export type LaunchDevices = ReadonlyMap<string, PlannedDevice>;

export const launchDevices = (devices: readonly PlannedDevice[]): LaunchDevices =>
  new Map(devices.map((device) => [device.name, device]));
