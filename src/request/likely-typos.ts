import type { DeviceSpec } from '../devices/device-spec.ts';
import { DEVICE_TYPES } from '../devices/device-types.ts';
import type { EngineDevice } from '../devices/parse-device.ts';
import { suggest } from '../options/suggest.ts';
import { isOwnDevice } from './engine-parts.ts';
import type { RequestWarning } from './request.ts';

/** A device type that is almost a VFIO one would go to the engine, and the plan would say that nothing is passed through. */
export const warnOfLikelyTypos = (
  devices: readonly (DeviceSpec | EngineDevice)[],
  warn: (warning: RequestWarning) => void,
): void => {
  for (const device of devices) {
    if (isOwnDevice(device)) continue;
    const { driver, location } = device;
    const meant = suggest(
      driver,
      DEVICE_TYPES.map(({ name }) => name),
    );
    if (meant !== undefined) {
      warn({ location, message: `'${driver}' is no VFIO device and goes to QEMU as it is; did you mean ${meant}?`, hint: [] });
    }
  }
};
