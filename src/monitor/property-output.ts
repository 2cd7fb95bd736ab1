import type { Property, PropertyValue } from '../objects/property.ts';
import type { JsonOutput } from './json-text.ts';

/** A property's value as QMP shows it: 64-bit integers exact, a place on the bus as devfn. */
export const valueOutput = (value: PropertyValue): JsonOutput => {
  if (typeof value === 'object' && 'devfn' in value) {
    return value.devfn;
  }
  return value;
};

/** The value that holds where none is given; the table has it as help prints it. */
export const defaultOutput = ({ type, default: text }: Property): JsonOutput | undefined => {
  if (text === undefined) {
    return undefined;
  }
  switch (type.kind) {
    case 'boolean':
      return text === 'on';
    case 'size':
    case 'uint8':
    case 'uint32':
    case 'int32':
    case 'pci-slot':
      return BigInt(text);
    default:
      return text;
  }
};

/** What QEMU shows for a property that has neither a value nor a default. */
export const unsetOutput = ({ type }: Property): JsonOutput => {
  switch (type.kind) {
    case 'boolean':
      return false;
    case 'size':
    case 'uint8':
    case 'uint32':
      return 0;
    case 'int32':
    case 'pci-slot':
      return -1;
    case 'uint16-list':
      return [];
    default:
      return '';
  }
};
