import { failure, type VmattachError } from '../errors/problem.ts';
import type { JsonToken } from './json-lexer.ts';

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

// The noncharacters are FDD0 to FDEF and the last two of every plane. With the flag, a surrogate matches only when it is alone.
const INVALID_CHARACTER = /[\p{Noncharacter_Code_Point}\p{Surrogate}]/u;
const SIMPLE = /[^\\]*/y;
const ASCII = /^[ -[\]-~]*$/;
const HEXADECIMAL = /^[0-9a-fA-F]{4}$/;

const refused = (what: string, position: number): VmattachError =>
  failure('SYNTAX', `JSON parse error, ${what}`, { cause: `character ${position + 1} of the JSON text` });

const codeUnit = (text: string, at: number): number | undefined => {
  const digits = text.slice(at, at + 4);
  return HEXADECIMAL.test(digits) ? Number.parseInt(digits, 16) : undefined;
};

const LONE_SURROGATE = /^[\ud800-\udfff]$/;

const REPLACEMENT = '\ufffd';

/** Text as far as so many bytes of UTF-8 go, as printf shows it. A lone surrogate stands for one byte that was none. */
const firstBytes = (text: string, count: number): string => {
  let left = count;
  let shown = '';
  for (const character of text) {
    const isNone = LONE_SURROGATE.test(character);
    const length = isNone ? 1 : Buffer.byteLength(character);
    if (left <= 0) break;
    shown += isNone || length > left ? REPLACEMENT : character;
    left -= length;
  }
  return shown;
};

/** Decodes `\uXXXX` or a surrogate pair of two of them; `at` is the index of the backslash. */
const decodeUnicode = (token: JsonToken, at: number): { character: string; length: number } => {
  const { text } = token;
  const first = codeUnit(text, at + 2);
  const isLeading = first !== undefined && first >= 0xd800 && first <= 0xdbff;
  const second = isLeading && text.startsWith('\\u', at + 6) ? codeUnit(text, at + 8) : undefined;
  const paired = second !== undefined && second >= 0xdc00 && second <= 0xdfff;
  const length = paired ? 12 : 6;
  const character = first === undefined ? '' : paired ? String.fromCharCode(first, second) : String.fromCharCode(first);
  if (character === '' || INVALID_CHARACTER.test(character)) {
    throw refused(`${firstBytes(text.slice(at, at + length), length)} is not a valid Unicode character`, token.at + at);
  }
  return { character, length };
};

/**
 * The value of a string token (qobject/json-parser.c parse_string): JSON's escapes and `\'`; noncharacters and lone surrogates are refused.
 * `\u0000` becomes U+0000, for which QEMU stores the two bytes C0 80: no value that reaches the kernel may contain it.
 */
export const decodeJsonString = (token: JsonToken): string => {
  const { text } = token;
  const last = text.length - 1;
  const content = text.slice(1, last);
  if (ASCII.test(content)) return content;
  const pieces: string[] = [];
  for (let at = 1; at < last;) {
    SIMPLE.lastIndex = at;
    const plain = SIMPLE.exec(text)?.[0].slice(0, last - at) ?? '';
    if (INVALID_CHARACTER.test(plain)) throw refused('invalid UTF-8 sequence in string', token.at + at);
    pieces.push(plain);
    at += plain.length;
    if (at >= last) break;
    const escaped = text.charAt(at + 1);
    const simple = ESCAPES[escaped];
    if (simple !== undefined) {
      pieces.push(simple);
      at += 2;
    } else if (escaped === 'u') {
      const { character, length } = decodeUnicode(token, at);
      pieces.push(character);
      at += length;
    } else {
      throw refused('invalid escape sequence in string', token.at + at);
    }
  }
  return pieces.join('');
};
