import type { JsonValue } from '../../src/options/json-value.ts';
import type { KeyvalDict, KeyvalValue } from '../../src/options/keyval-value.ts';

const printNumber = (value: number): string =>
  Number.isInteger(value) ? value.toExponential().replace(/^(-?\d)e/, '$1.0e') : String(value);

/** JSON text that parses to the same value: whole numbers as bigint, all other numbers with a fraction. */
export const printJson = (value: JsonValue): string => {
  if (value instanceof Map)
    return `{${[...value].map(([key, member]) => `${JSON.stringify(key)}: ${printJson(member)}`).join(', ')}}`;
  if (Array.isArray(value)) return `[${value.map(printJson).join(',')}]`;
  if (typeof value === 'bigint') return String(value);
  return typeof value === 'number' ? printNumber(value) : JSON.stringify(value);
};

export const doubleCommas = (value: string): string => value.replaceAll(',', ',,');

const leaves = (value: KeyvalValue, path: string): string[] => {
  if (typeof value === 'string') return [`${path}=${doubleCommas(value)}`];
  const members = value instanceof Map ? [...value] : [...value.entries()];
  return members.flatMap(([key, member]) => leaves(member, `${path}.${key}`));
};

/** keyval text that parses to the same tree. */
export const printKeyval = (dict: KeyvalDict): string => [...dict].flatMap(([key, value]) => leaves(value, key)).join(',');

/** Maps as plain objects and bigints as numbers, to compare with JSON that was written by others. */
export const toPlain = (value: JsonValue | KeyvalValue): unknown => {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, member]) => [key, toPlain(member)]));
  if (Array.isArray(value)) return value.map(toPlain);
  return typeof value === 'bigint' ? Number(value) : value;
};
