import { failure } from '../errors/problem.ts';
import type { KeyvalDict, KeyvalValue } from './keyval-value.ts';

const LARGEST_INDEX = 2 ** 31 - 1;

const isIndex = (key: string): boolean => /^[0-9]+$/.test(key);

const toList = (dict: KeyvalDict, prefix: string): KeyvalValue[] => {
  const elements = new Map([...dict].map(([key, value]) => [Math.min(Number(key), LARGEST_INDEX), value]));
  const list: KeyvalValue[] = [];
  // As many steps as there are elements are enough: an index beyond that leaves a gap before it.
  for (let index = 0; index < elements.size; index += 1) {
    const element = elements.get(index);
    if (element === undefined) throw failure('SYNTAX', `Parameter '${prefix}${index}' missing`);
    list.push(element);
  }
  return list;
};

const listifyValue = (value: KeyvalValue, prefix: string): KeyvalValue => {
  if (!(value instanceof Map)) return value;
  const dict = listifyMembers(value, prefix);
  const keys = [...dict.keys()];
  if (!keys.some(isIndex)) return dict;
  if (!keys.every(isIndex)) throw failure('SYNTAX', `Parameters '${prefix}*' used inconsistently`);
  return toList(dict, prefix);
};

const listifyMembers = (dict: KeyvalDict, prefix: string): KeyvalDict =>
  new Map([...dict].map(([key, value]) => [key, listifyValue(value, `${prefix}${key}.`)]));

/**
 * Turns every dict below the root whose keys are all numbers into a list: any order, no gaps, `01` is 1 (util/keyval.c keyval_listify).
 * Of two spellings of one number the later wins; in QEMU that depends on hashing.
 */
export const listify = (root: KeyvalDict): KeyvalDict => listifyMembers(root, '');
