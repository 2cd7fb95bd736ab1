import { VmattachError } from '../errors/problem.ts';
import type { Property, PropertyKind } from './property.ts';

interface Form {
  /** Completes "NAME= takes ...". */
  readonly takes: string;
  readonly example: string;
}

const form = (type: PropertyKind): Form => {
  switch (type.kind) {
    case 'boolean':
      return { takes: 'on or off (in JSON: true or false)', example: 'on' };
    case 'size':
      return { takes: 'a size: a number with an optional suffix k, M, G, T, P or E (in JSON: a number of bytes)', example: '1G' };
    case 'uint8':
      return { takes: `a whole number from 0 to ${type.largest}`, example: '0' };
    case 'uint32':
      return { takes: 'a whole number from 0 to 4294967295', example: '0' };
    case 'int32':
      return { takes: 'a whole number', example: '1' };
    case 'uint16-list':
      return { takes: 'a number or a range of numbers', example: '0-1' };
    case 'enum':
      return { takes: `one of ${type.values.join(', ')}`, example: type.values[0] ?? '' };
    case 'link':
      return { takes: `the id of an object of type ${type.targets.join(' or ')}`, example: `${type.targets[0] ?? ''}0` };
    case 'fd':
      return { takes: 'the number of an open file descriptor that this process inherits (in JSON: as a string)', example: '9' };
    case 'pci-host-address':
      return {
        takes: 'a PCI address [domain:]bus:slot.function in hexadecimal; vmattach devices lists them',
        example: '0000:01:00.0',
      };
    case 'pci-slot':
      return { takes: 'slot.function in hexadecimal, slot up to 1f and function up to 7', example: '04.0' };
    case 'uuid-or-auto':
      return { takes: 'a UUID or auto', example: '5b4c0b5a-6ef9-4b6c-a5b0-1b3e3c6d7f10' };
    case 'string':
      return { takes: 'text (in JSON: a string)', example: 'text' };
  }
};

/** The error with what the property takes, unless it says already. */
export const addPropertyRemedy = (property: Property, error: VmattachError): VmattachError => {
  if (error.problem.cause !== undefined) {
    return error;
  }
  const { takes, example } = form(property.type);
  const fixes = error.problem.fixes ?? [`${property.name}=${example}`];
  return new VmattachError({ ...error.problem, cause: `${property.name}= takes ${takes}`, fixes }, { cause: error });
};

/** Runs the reading of a value; what it refuses is told what the property takes. */
export const withPropertyRemedy = <T>(property: Property, read: () => T): T => {
  try {
    return read();
  } catch (error) {
    throw error instanceof VmattachError ? addPropertyRemedy(property, error) : error;
  }
};
