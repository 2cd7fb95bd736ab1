import { typeSchema, type JsonSchema } from '../objects/property-schema.ts';
import { validatorName } from '../objects/validator-name.ts';
import { DEVICE_TYPES } from './device-types.ts';

/** By the name of the validator to compile. */
export const DEVICE_SCHEMAS: Readonly<Record<string, JsonSchema>> = Object.fromEntries(
  DEVICE_TYPES.map((type) => [validatorName(type.name), typeSchema(type.name, type.properties)]),
);
