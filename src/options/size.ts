import { failure } from '../errors/problem.ts';
import { scanInteger, UINT64_MAX, wrapUint64, type NumberFailure } from './integer.ts';

export type SizeSuffix = 'B' | 'K' | 'M' | 'G' | 'T' | 'P' | 'E';

export interface SizeRules {
  /** The scale of a number that names none. */
  readonly defaultSuffix?: SizeSuffix;
  readonly unit?: 1000 | 1024;
}

/** 64.64 fixed point: a whole number and a fraction in 2^-64 steps, and where the text went on. */
interface FixedPoint {
  readonly whole: bigint;
  readonly fraction: bigint;
  readonly end: number;
}

const LEADING_FRACTION = /[ \t\n\v\f\r]*(?<sign>[+-]?)\.(?<digits>[0-9]+)/y;
const FRACTION = /\.(?<digits>[0-9]*)/y;
const SUFFIXES = 'BKMGTPE';

/** Trailing text makes every number invalid, also one that is out of range. */
const outOfRange = (text: string, end: number): NumberFailure => (end === text.length ? 'ERANGE' : 'EINVAL');

// The fraction is read as a double first, so that ".99999999999999999999" rounds up to one; but what is not zero stays not zero.
const withFraction = (text: string, pattern: RegExp, from: number, whole: bigint): FixedPoint | NumberFailure => {
  pattern.lastIndex = from;
  const groups = pattern.exec(text)?.groups;
  if (groups === undefined) return 'EINVAL';
  const { sign, digits = '' } = groups;
  const end = pattern.lastIndex;
  if (sign === '-') return outOfRange(text, end);
  const fraction = Number(`0.${digits}`);
  if (fraction === 1) return whole === UINT64_MAX ? outOfRange(text, end) : { whole: whole + 1n, fraction: 0n, end };
  const steps = BigInt(Math.floor(fraction * 2 ** 64));
  return { whole, fraction: steps === 0n && /[1-9]/.test(digits) ? 1n : steps, end };
};

const scanFixedPoint = (text: string): FixedPoint | NumberFailure => {
  const decimal = scanInteger(text, 10);
  if (decimal === undefined) return withFraction(text, LEADING_FRACTION, 0, 0n);
  const whole = wrapUint64(decimal);
  if (decimal.negative || whole === 'ERANGE') return outOfRange(text, decimal.end);
  const next = text[decimal.end];
  if (next === '.') return withFraction(text, FRACTION, decimal.end, whole);
  if (whole !== 0n || (next !== 'x' && next !== 'X')) return { whole, fraction: 0n, end: decimal.end };

  // Hexadecimal takes neither a fraction nor a suffix.
  const hexadecimal = scanInteger(text, 16);
  if (hexadecimal?.end !== text.length) return 'EINVAL';
  const value = wrapUint64(hexadecimal);
  return value === 'ERANGE' ? value : { whole: value, fraction: 0n, end: text.length };
};

/**
 * A size in bytes, 0 to 2^64-1, by util/cutils.c do_strtosz: decimal with an optional fraction and one suffix letter of either case, or
 * hexadecimal without. The scaled fraction is rounded half up.
 */
export const toSize = (text: string, { defaultSuffix = 'B', unit = 1024 }: SizeRules = {}): bigint | NumberFailure => {
  const number = scanFixedPoint(text);
  if (typeof number === 'string') return number;
  const letter = text.charAt(number.end);
  const named = /^[bkmgtpe]$/i.test(letter);
  if (number.end + (named ? 1 : 0) !== text.length) return 'EINVAL';
  const exponent = SUFFIXES.indexOf(named ? letter.toUpperCase() : defaultSuffix);
  if (exponent === 0) return number.fraction === 0n ? number.whole : 'EINVAL';
  const scaled = ((number.whole << 64n) + number.fraction) * BigInt(unit) ** BigInt(exponent);
  const bytes = (scaled + (1n << 63n)) >> 64n;
  return bytes > UINT64_MAX ? 'ERANGE' : bytes;
};

/** Which of QEMU's readers meets the text; each has its own words for the same failure. */
export type SizeReader = 'qemuopts' | 'object' | 'keyval';

const SUFFIX_HINT = ['Optional suffix k, M, G, T, P or E means kilo-, mega-, giga-, tera-, peta-', 'and exabytes, respectively.'];

/**
 * A size property in bytes. `qemuopts` is an option with a fixed table (`-m`), `object` is `-object TYPE,key=value`, `keyval` is
 * `-machine`. Throws e.g. `Parameter 'size' expects a non-negative number below 2^64`.
 */
export const parseSize = (name: string, text: string, reader: SizeReader = 'qemuopts'): bigint => {
  const size = toSize(text);
  if (typeof size === 'bigint') return size;
  switch (reader) {
    case 'object':
      throw failure('VALUE_INVALID', `Parameter '${name}' expects a size value`);
    case 'keyval':
      throw failure('VALUE_INVALID', `Parameter '${name}' expects size`);
    case 'qemuopts':
      throw size === 'ERANGE'
        ? failure('VALUE_INVALID', `Value '${text}' is out of range for parameter '${name}'`)
        : failure('VALUE_INVALID', `Parameter '${name}' expects a non-negative number below 2^64`, { hint: SUFFIX_HINT });
  }
};
