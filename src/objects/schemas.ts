import { OBJECT_TYPES } from './object-types.ts';
import { typeSchema, type JsonSchema } from './property-schema.ts';
import { validatorName } from './validator-name.ts';

/** By the name of the validator to compile. */
export const OBJECT_SCHEMAS: Readonly<Record<string, JsonSchema>> = Object.fromEntries(
  OBJECT_TYPES.map((type) => [validatorName(type.name), typeSchema(type.name, type.properties)]),
);
