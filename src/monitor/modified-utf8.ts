const CONTINUATION = 0x80;
const FIRST_OF_SEQUENCE = 0xc0;
const IMPOSSIBLE = 0xfe;
const REPLACEMENT = 0xfffd;
const LAST = 0x10ffff;
/** Smallest code points of sequences of two bytes and more: what is below is overlong. */
const SMALLEST = [0x80, 0x800, 0x10000, 0x200000, 0x4000000];

interface Decoded {
  readonly code: number;
  readonly length: number;
}

const isCharacter = (code: number): boolean =>
  code <= LAST && !(code >= 0xd800 && code <= 0xdfff) && !(code >= 0xfdd0 && code <= 0xfdef) && (code & 0xfffe) !== 0xfffe;

/** How many bytes follow the first one of a sequence, and the bits of the code point in it. */
const readFirst = (byte: number): { readonly followers: number; readonly bits: number } => {
  let followers = 0;
  let mask = 0x40;
  for (; (byte & mask) !== 0; mask >>= 1) followers += 1;
  return { followers, bits: byte & (mask - 1) };
};

const decodeSequence = (bytes: Uint8Array, at: number): Decoded => {
  const { followers, bits } = readFirst(bytes[at] ?? 0);
  let code = bits;
  for (let index = 1; index <= followers; index += 1) {
    const byte = bytes[at + index] ?? 0;
    if ((byte & FIRST_OF_SEQUENCE) !== CONTINUATION) return { code: REPLACEMENT, length: index };
    code = code * 64 + (byte & 0x3f);
  }
  const isTooLong = code < (SMALLEST[followers - 1] ?? 0) && !(code === 0 && followers === 1);
  return { code: isCharacter(code) && !isTooLong ? code : REPLACEMENT, length: followers + 1 };
};

const decodeAt = (bytes: Uint8Array, at: number): Decoded => {
  const byte = bytes[at] ?? 0;
  if (byte < CONTINUATION) return { code: byte, length: 1 };
  return byte < FIRST_OF_SEQUENCE || byte >= IMPOSSIBLE ? { code: REPLACEMENT, length: 1 } : decodeSequence(bytes, at);
};

/**
 * Text that may be no UTF-8, as QEMU shows it (util/unicode.c, mod_utf8_codepoint): what stands for no character becomes one U+FFFD,
 * however many bytes it has.
 */
export const decodeModifiedUtf8 = (bytes: Uint8Array): string => {
  const codes: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const { code, length } = decodeAt(bytes, at);
    codes.push(String.fromCodePoint(code));
    at += length;
  }
  return codes.join('');
};
