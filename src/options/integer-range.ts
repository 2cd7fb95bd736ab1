import { failure } from '../errors/problem.ts';
import { limitInt64, scanInteger, wrapUint64, type ScannedInteger } from './integer.ts';

/** Both ends included. */
export interface IntegerRange {
  readonly first: bigint;
  readonly last: bigint;
}

export type IntegerType = 'int64' | 'uint64';

const MOST_ELEMENTS = 65_536n;

// Unlike strtoull alone, the reader of object properties refuses a minus sign for an unsigned number.
const fits: Record<IntegerType, (scanned: ScannedInteger) => bigint | 'ERANGE'> = {
  int64: limitInt64,
  uint64: (scanned) => (scanned.negative ? 'ERANGE' : wrapUint64(scanned)),
};

const scanRange = (text: string, type: IntegerType, list: boolean): IntegerRange | undefined => {
  const fit = fits[type];
  const start = scanInteger(text, 0);
  const first = start && fit(start);
  if (start === undefined || typeof first !== 'bigint') return undefined;
  if (start.end === text.length) return { first, last: first };
  if (!list || text[start.end] !== '-') return undefined;
  const stop = scanInteger(text, 0, start.end + 1);
  const last = stop && fit(stop);
  if (stop === undefined || stop.end !== text.length || typeof last !== 'bigint') return undefined;
  return first <= last && last - first < MOST_ELEMENTS ? { first, last } : undefined;
};

/**
 * An integer property of `-object TYPE,key=value` or `-numa`, or one element of such a list, where `N-M` is a range of at most 65536
 * numbers (qapi/opts-visitor.c). Throws `Parameter 'x' expects a uint64 value`, with ` or range` for lists.
 */
export const parseIntegerRange = (name: string, text: string, type: IntegerType, list: boolean): IntegerRange => {
  const range = scanRange(text, type, list);
  if (range !== undefined) return range;
  const article = type === 'int64' ? 'an' : 'a';
  throw failure('VALUE_INVALID', `Parameter '${name}' expects ${article} ${type} value${list ? ' or range' : ''}`);
};
