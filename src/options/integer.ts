import { failure } from '../errors/problem.ts';

/** What the C library reports through errno: not a number at all, or a number that does not fit. */
export type NumberFailure = 'EINVAL' | 'ERANGE';

export const UINT64_MAX = (1n << 64n) - 1n;
export const INT64_MAX = (1n << 63n) - 1n;

/** One number at the start of a text, as strtoull finds it. `end` is the index of the first character after it. */
export interface ScannedInteger {
  readonly negative: boolean;
  /** Without the sign, and not yet limited to 64 bits. */
  readonly magnitude: bigint;
  readonly end: number;
}

type Base = 0 | 10 | 16;

// Blanks are those of isspace() in the C locale. `0x` belongs to the number only when a hexadecimal digit follows.
const NUMBER: Record<Base, RegExp> = {
  0: /[ \t\n\v\f\r]*(?<sign>[+-]?)(?:0[xX](?<hexadecimal>[0-9a-fA-F]+)|(?<octal>0[0-7]*)|(?<decimal>[1-9][0-9]*))/y,
  10: /[ \t\n\v\f\r]*(?<sign>[+-]?)(?<decimal>[0-9]+)/y,
  16: /[ \t\n\v\f\r]*(?<sign>[+-]?)(?:0[xX](?=[0-9a-fA-F]))?(?<hexadecimal>[0-9a-fA-F]+)/y,
};

// Longer digit strings are out of range in every base; converting them would take more than linear time.
const MOST_DIGITS = 24;
const OUT_OF_RANGE = 1n << 80n;

const toMagnitude = (prefix: string, digits: string): bigint => {
  const significant = digits.replace(/^0+/, '');
  return significant.length > MOST_DIGITS ? OUT_OF_RANGE : BigInt(`${prefix}${significant || '0'}`);
};

/**
 * Finds the number at `from`, by the rules of strtoull(3): blanks, a sign, digits. Base 0 knows `0x` and octal `0`.
 * Returns undefined where strtoull converts nothing.
 */
export const scanInteger = (text: string, base: Base, from = 0): ScannedInteger | undefined => {
  const pattern = NUMBER[base];
  pattern.lastIndex = from;
  const groups = pattern.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const { sign, hexadecimal, octal, decimal = '' } = groups;
  const end = pattern.lastIndex;
  if (hexadecimal !== undefined) return { negative: sign === '-', magnitude: toMagnitude('0x', hexadecimal), end };
  if (octal !== undefined) return { negative: sign === '-', magnitude: toMagnitude('0o', octal), end };
  return { negative: sign === '-', magnitude: toMagnitude('', decimal), end };
};

/** strtoull's wrap-around: `-1` is 2^64-1; only the magnitude has to fit. */
export const wrapUint64 = ({ negative, magnitude }: ScannedInteger): bigint | 'ERANGE' => {
  if (magnitude > UINT64_MAX) return 'ERANGE';
  return negative ? BigInt.asUintN(64, -magnitude) : magnitude;
};

/** strtoll's range, -2^63 to 2^63-1. */
export const limitInt64 = ({ negative, magnitude }: ScannedInteger): bigint | 'ERANGE' => {
  const value = negative ? -magnitude : magnitude;
  return value > INT64_MAX || value < -INT64_MAX - 1n ? 'ERANGE' : value;
};

/** The whole text as a number; trailing text beats a range failure (util/cutils.c check_strtox_error). */
const whole = (text: string, base: Base, fit: (scanned: ScannedInteger) => bigint | 'ERANGE'): bigint | NumberFailure => {
  const scanned = scanInteger(text, base);
  if (scanned === undefined || scanned.end !== text.length) return 'EINVAL';
  return fit(scanned);
};

/** qemu_strtou64: the whole text, negative numbers wrap. */
export const toUint64 = (text: string, base: Base = 0): bigint | NumberFailure => whole(text, base, wrapUint64);

/** qemu_strtoi64: the whole text, -2^63 to 2^63-1. */
export const toInt64 = (text: string, base: Base = 0): bigint | NumberFailure => whole(text, base, limitInt64);

type Width = 8 | 16 | 32 | 64;

/**
 * An unsigned property given as text (keyval and `-device` properties; qapi/qobject-input-visitor.c).
 * Throws `Parameter 'x' expects integer` for what is no 64-bit number, `... expects uint32_t` for what is too wide.
 */
export const parseUnsigned = (name: string, text: string, bits: Width = 64): bigint => {
  const value = toUint64(text);
  if (typeof value === 'string') throw failure('VALUE_INVALID', `Parameter '${name}' expects integer`);
  if (value >= 1n << BigInt(bits)) throw failure('VALUE_INVALID', `Parameter '${name}' expects uint${bits}_t`);
  return value;
};

/** A signed property given as text; errors as {@link parseUnsigned}. */
export const parseSigned = (name: string, text: string, bits: Width = 64): bigint => {
  const value = toInt64(text);
  if (typeof value === 'string') throw failure('VALUE_INVALID', `Parameter '${name}' expects integer`);
  if (BigInt.asIntN(bits, value) !== value) throw failure('VALUE_INVALID', `Parameter '${name}' expects int${bits}_t`);
  return value;
};
