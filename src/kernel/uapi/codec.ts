import type { Field, FieldType } from './field.ts';
import { STRUCTS, type StructLayout, type StructName } from './structs.ts';

type FieldValue<F> = F extends Field<'u64'> ? bigint : number;

/** A struct as JavaScript sees it: fields up to 32 bits are numbers, 64-bit fields are bigints. */
export type StructValues<N extends StructName> = {
  -readonly [K in keyof (typeof STRUCTS)[N]['fields']]: FieldValue<(typeof STRUCTS)[N]['fields'][K]>;
};

export interface EncodeOptions {
  /** Bytes of the struct to send when that is a shorter, historical form of it. */
  readonly size?: number;
  /** Bytes of room behind the struct, for its flexible array. */
  readonly trailing?: number;
}

type AnyValues = Readonly<Record<string, number | bigint | undefined>>;

const RANGES: Readonly<Record<FieldType, { readonly bytes: number; readonly least: bigint; readonly most: bigint }>> = {
  u8: { bytes: 1, least: 0n, most: 0xffn },
  u16: { bytes: 2, least: 0n, most: 0xffffn },
  u32: { bytes: 4, least: 0n, most: 0xffff_ffffn },
  u64: { bytes: 8, least: 0n, most: 0xffff_ffff_ffff_ffffn },
  s32: { bytes: 4, least: -0x8000_0000n, most: 0x7fff_ffffn },
};

const integer = (label: string, value: number | bigint): bigint => {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new RangeError(`${label}: ${value} is not a whole number`);
  return BigInt(value);
};

const writeField = (view: DataView, label: string, { offset, type }: Field, value: number | bigint): void => {
  const { bytes, least, most } = RANGES[type];
  const whole = integer(label, value);
  if (whole < least || whole > most) throw new RangeError(`${label}: ${value} does not fit ${type}`);
  if (offset + bytes > view.byteLength) {
    if (whole === 0n) return;
    throw new RangeError(`${label}: lies behind the ${view.byteLength} bytes that are sent`);
  }
  switch (type) {
    case 'u8':
      return view.setUint8(offset, Number(whole));
    case 'u16':
      return view.setUint16(offset, Number(whole), true);
    case 'u32':
      return view.setUint32(offset, Number(whole), true);
    case 's32':
      return view.setInt32(offset, Number(whole), true);
    case 'u64':
      return view.setBigUint64(offset, whole, true);
  }
};

/** A field behind the end of the bytes is 0, as it is for the kernel when it is handed a shorter struct. */
const readField = (view: DataView, { offset, type }: Field): number | bigint => {
  if (offset + RANGES[type].bytes > view.byteLength) return type === 'u64' ? 0n : 0;
  switch (type) {
    case 'u8':
      return view.getUint8(offset);
    case 'u16':
      return view.getUint16(offset, true);
    case 'u32':
      return view.getUint32(offset, true);
    case 's32':
      return view.getInt32(offset, true);
    case 'u64':
      return view.getBigUint64(offset, true);
  }
};

const checkSize = (name: StructName, { minimum, size }: StructLayout, sent: number): void => {
  if (!Number.isInteger(sent) || sent < minimum || sent > size) {
    throw new RangeError(`${name}: ${sent} bytes asked for, it has ${minimum} to ${size}`);
  }
};

/**
 * A struct as the kernel reads it. What is not given is zero; the length field is the whole length, trailing bytes included, unless it is given.
 * @throws RangeError for a value that does not fit its field, a non-zero field behind `size`, or a field the struct does not have
 */
export const encode = <N extends StructName>(
  name: N,
  values: Partial<Readonly<StructValues<N>>> = {},
  { size, trailing = 0 }: EncodeOptions = {},
): Uint8Array => {
  const layout: StructLayout = STRUCTS[name];
  const sent = size ?? layout.size;
  checkSize(name, layout, sent);
  const bytes = new Uint8Array(sent + trailing);
  const view = new DataView(bytes.buffer, 0, sent);
  const given: AnyValues = layout.length === null ? values : { [layout.length]: bytes.length, ...values };
  for (const [key, value] of Object.entries(given)) {
    const field = layout.fields[key];
    if (field === undefined) throw new RangeError(`${name}: no field ${key}`);
    if (value !== undefined) writeField(view, `${name}.${key}`, field, value);
  }
  return bytes;
};

/**
 * Reads a struct out of bytes, from `offset` on. Fields behind the end of the bytes read as 0.
 * @throws RangeError when there are fewer bytes than the struct has at least
 */
export const decode = <N extends StructName>(name: N, bytes: Uint8Array, offset = 0): StructValues<N> => {
  const layout: StructLayout = STRUCTS[name];
  const length = Math.min(bytes.length - offset, layout.size);
  if (offset < 0 || length < layout.minimum)
    throw new RangeError(`${name}: ${length} bytes, at least ${layout.minimum} are needed`);
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, length);
  const values = Object.fromEntries(Object.entries(layout.fields).map(([key, field]) => [key, readField(view, field)]));
  // The table that gives the type its fields is the table that was just walked.
  return values as StructValues<N>;
};
