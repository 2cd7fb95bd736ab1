import type { Location } from '../errors/problem.ts';
import type { PropertyValues } from '../objects/property.ts';
import type { DeviceType } from './device-types.ts';

/** A device as the user wrote it, with values parsed and typed, before anything is known about the host. */
export interface DeviceSpec {
  readonly type: DeviceType;
  readonly id: string | undefined;
  readonly values: PropertyValues;
  readonly location: Location;
}

export const textValue = (values: PropertyValues, name: string): string | undefined => {
  const value = values.get(name);
  return typeof value === 'string' ? value : undefined;
};
