import { failure } from '../errors/problem.ts';
import type { KeyvalDict, KeyvalValue } from './keyval-value.ts';

const mergeValue = (older: KeyvalValue, newer: KeyvalValue, path: string): KeyvalValue => {
  if (typeof older === 'string' && typeof newer === 'string') return newer;
  if (Array.isArray(older) && Array.isArray(newer)) return [...older, ...newer];
  if (older instanceof Map && newer instanceof Map) return mergeDict(older, newer, `${path}.`);
  throw failure('SYNTAX', `Parameter '${path}' used inconsistently`);
};

const mergeDict = (older: KeyvalDict, newer: KeyvalDict, prefix: string): KeyvalDict => {
  const merged = new Map(older);
  for (const [key, value] of newer) {
    const known = older.get(key);
    merged.set(key, known === undefined ? value : mergeValue(known, value, `${prefix}${key}`));
  }
  return merged;
};

/**
 * Lays `newer` over `older` without changing either (util/keyval.c keyval_merge): dicts merge, strings are replaced, lists are joined.
 * Throws `Parameter 'opt2' used inconsistently` where the kinds differ.
 */
export const mergeKeyval = (older: KeyvalDict, newer: KeyvalDict): KeyvalDict => mergeDict(older, newer, '');
