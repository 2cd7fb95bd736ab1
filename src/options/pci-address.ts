import { failure } from '../errors/problem.ts';
import { INT64_MAX, scanInteger, UINT64_MAX, wrapUint64 } from './integer.ts';
import type { JsonValue } from './json-value.ts';

/** A PCI function of the host. */
export interface HostAddress {
  /** 0 to 0xffff */
  readonly domain: number;
  /** 0 to 0xff */
  readonly bus: number;
  /** 0 to 0x1f */
  readonly slot: number;
  /** 0 to 7 */
  readonly function: number;
}

/** A number as strtoul reads it; what overflows is the largest number, which every limit below refuses. */
const scanUnsigned = (text: string, base: 10 | 16, from: number): { value: bigint; end: number } | undefined => {
  const scanned = scanInteger(text, base, from);
  if (scanned === undefined) return undefined;
  const value = wrapUint64(scanned);
  return { value: value === 'ERANGE' ? UINT64_MAX : value, end: scanned.end };
};

const scanHostAddress = (text: string): HostAddress | undefined => {
  const parts: bigint[] = [];
  let at = 0;
  for (;;) {
    const part = scanUnsigned(text, 16, at);
    if (part === undefined) return undefined;
    parts.push(part.value);
    at = part.end + 1;
    if (text[part.end] === '.') break;
    if (text[part.end] !== ':' || parts.length === 3) return undefined;
  }
  const last = scanUnsigned(text, 10, at);
  const slotPart = parts.pop();
  const bus = parts.pop();
  if (last?.end !== text.length || slotPart === undefined || bus === undefined) return undefined;
  const domain = parts.pop() ?? 0n;
  // QEMU keeps these two in 32 bits before it looks at their limits.
  const slot = BigInt.asUintN(32, slotPart);
  const fn = BigInt.asUintN(32, last.value);
  if (domain > 0xffffn || bus > 0xffn || slot > 0x1fn || fn > 7n) return undefined;
  return { domain: Number(domain), bus: Number(bus), slot: Number(slot), function: Number(fn) };
};

const refused = (property: string, text: string) => failure('VALUE_INVALID', `Property '${property}' doesn't take value '${text}'`);

/**
 * `[domain:]bus:slot.function`, all hexadecimal but the function (hw/core/qdev-properties-system.c set_pci_host_devaddr).
 * `property` is `TYPE.NAME`. Throws `Property 'vfio-pci.host' doesn't take value 'foo'`.
 */
export const parseHostAddress = (property: string, text: string): HostAddress => {
  const address = scanHostAddress(text);
  if (address === undefined) throw refused(property, text);
  return address;
};

const CANONICAL = /^[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/;

/** A host address as text in the kernel's spelling, which most have already. Throws as `parseHostAddress`. */
export const canonicalHostAddress = (property: string, text: string): string =>
  CANONICAL.test(text) ? text : formatHostAddress(parseHostAddress(property, text));

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/** `0000:01:02.3`, the kernel's and QEMU's spelling. */
export const formatHostAddress = (address: HostAddress): string =>
  `${hex(address.domain, 4)}:${hex(address.bus, 2)}:${hex(address.slot, 2)}.${address.function}`;

const SCANF_HEX = /[ \t\n\v\f\r]*([+-]?)(?:0[xX]([0-9a-fA-F]*)|([0-9a-fA-F]+))/y;

// scanf's %x for an unsigned int: 64 bits are converted, 32 are kept; a bare "0x" is zero.
const scanSlot = (text: string, from: number): { value: bigint; end: number } | undefined => {
  SCANF_HEX.lastIndex = from;
  const match = SCANF_HEX.exec(text);
  if (match === null) return undefined;
  const [, sign, prefixed, bare] = match;
  const number = scanUnsigned(`${sign}${prefixed || bare || '0'}`, 16, 0);
  return number && { value: BigInt.asUintN(32, number.value), end: SCANF_HEX.lastIndex };
};

const scanDevfn = (text: string): number | undefined => {
  const slot = scanSlot(text, 0);
  if (slot === undefined) return undefined;
  const dotted = text[slot.end] === '.';
  const fn = dotted ? scanSlot(text, slot.end + 1) : undefined;
  if ((dotted ? fn?.end : slot.end) !== text.length) return undefined;
  const fnValue = fn?.value ?? 0n;
  return slot.value > 31n || fnValue > 7n ? undefined : Number((slot.value << 3n) | fnValue);
};

/**
 * The `addr` property as devfn (slot * 8 + function), 0 to 255, or -1 for "not set". A string is hexadecimal `slot[.function]`; a JSON number
 * is the devfn itself (set_pci_devfn). `property` is `TYPE.NAME`. Throws `Property 'X.addr' doesn't take value 'zz'` or
 * `Parameter 'addr' expects a value between -1 and 255`.
 */
export const parseDevfn = (property: string, value: JsonValue): number => {
  const name = property.slice(property.lastIndexOf('.') + 1);
  if (typeof value === 'string') {
    const devfn = scanDevfn(value);
    if (devfn === undefined) throw refused(property, value);
    return devfn;
  }
  if (typeof value === 'number' || (typeof value === 'bigint' && value > INT64_MAX)) {
    throw failure('VALUE_INVALID', `Invalid parameter type for '${name}', expected: integer`);
  }
  if (typeof value !== 'bigint') throw failure('VALUE_INVALID', `Invalid parameter type for '${name}', expected int or str`);
  if (BigInt.asIntN(32, value) !== value) throw failure('VALUE_INVALID', `Parameter '${name}' expects int32_t`);
  if (value < -1n || value > 255n) throw failure('VALUE_INVALID', `Parameter '${name}' expects a value between -1 and 255`);
  return Number(value);
};
