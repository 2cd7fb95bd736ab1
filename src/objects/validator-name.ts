import { failure } from '../errors/problem.ts';
import type { SchemaValidator } from './schema-error.ts';

/** The name under which the compiled validator of a type is exported: what an identifier cannot have is replaced. */
export const validatorName = (typeName: string): string => typeName.replaceAll('-', '_');

/** @param compiled a generated module; it has one validator for each type of its table */
export const findValidator = (compiled: Readonly<Record<string, SchemaValidator>>, typeName: string): SchemaValidator => {
  const validator = compiled[validatorName(typeName)];
  if (validator === undefined) {
    throw failure('INTERNAL', `no validator was compiled for ${typeName}`);
  }
  return validator;
};
