import type { DeviceType } from '../devices/device-types.ts';
import type { Property } from '../objects/property.ts';

/** `bus=` says where a device goes; it is no property of it (system/qdev-monitor.c). */
const PLACE = 'bus';

/** The properties of a device type as QMP lists them. */
export const listedProperties = ({ properties }: DeviceType): readonly Property[] =>
  properties.filter(({ name }) => name !== PLACE);
