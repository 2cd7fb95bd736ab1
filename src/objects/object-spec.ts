import type { Location } from '../errors/problem.ts';
import type { ObjectType } from './object-types.ts';
import type { PropertyValues } from './property.ts';

/** An object as the user wrote it, with values parsed and typed. */
export interface ObjectSpec {
  readonly type: ObjectType;
  readonly id: string;
  readonly values: PropertyValues;
  readonly location: Location;
}
