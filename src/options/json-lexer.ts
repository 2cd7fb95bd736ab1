import { failure, type VmattachError } from '../errors/problem.ts';

export type JsonTokenKind = '{' | '}' | '[' | ']' | ':' | ',' | 'integer' | 'float' | 'keyword' | 'string';

export interface JsonToken {
  readonly kind: JsonTokenKind;
  /** As written, quotes included. */
  readonly text: string;
  /** Index of its first character. */
  readonly at: number;
}

/** The tokens of the first value in a text; `complete` when nothing but white space follows it. */
export interface JsonTokens {
  readonly tokens: readonly JsonToken[];
  readonly complete: boolean;
}

/** The limits of one JSON text (qobject/json-streamer.c); `bytes` are those of its tokens, white space apart. */
export const JSON_LIMITS = { nested: 1024, tokens: 2 << 20, bytes: 64 << 20 } as const;

const KEYWORD = /[a-z]+/y;

// Character by character: a regular expression for each token would take most of the time.
const isDigit = (unit: number): boolean => unit >= 0x30 && unit <= 0x39;

const skipWhiteSpace = (text: string, from: number): number => {
  let at = from;
  for (; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit !== 0x20 && unit !== 0x09 && unit !== 0x0a && unit !== 0x0d) break;
  }
  return at;
};

/** The text from `start` up to and including the whole character at `end`, which is where the lexer got lost. */
const stray = (text: string, start: number, end: number): VmattachError => {
  const culprit = text.codePointAt(end);
  const shown = text.slice(start, end) + (culprit === undefined ? '' : String.fromCodePoint(culprit));
  return failure('SYNTAX', `JSON parse error, stray '${shown}'`, { cause: `character ${start + 1} of the JSON text` });
};

const BACKSLASH = 0x5c;
const FIRST_PRINTABLE = 0x20;

const endOfPlain = (text: string, quote: number, from: number): number => {
  let at = from;
  for (; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < FIRST_PRINTABLE || unit === quote || unit === BACKSLASH) break;
  }
  return at;
};

const scanString = (text: string, start: number): JsonToken => {
  const quote = text.charCodeAt(start);
  let at = start + 1;
  for (;;) {
    at = endOfPlain(text, quote, at);
    const unit = text.charCodeAt(at);
    if (unit === quote) return { kind: 'string', text: text.slice(start, at + 1), at: start };
    if (unit !== BACKSLASH) throw stray(text, start, at);
    // Which escapes exist is the parser's business, but a control character or the end is none.
    if (at + 1 >= text.length || text.charCodeAt(at + 1) < FIRST_PRINTABLE) throw stray(text, start, at + 1);
    at += 2;
  }
};

const skipDigits = (text: string, start: number, from: number): number => {
  let at = from;
  while (isDigit(text.charCodeAt(at))) at += 1;
  if (at === from) throw stray(text, start, at);
  return at;
};

const scanNumber = (text: string, start: number): JsonToken => {
  const first = text.charAt(start) === '-' ? start + 1 : start;
  const isZero = text.charAt(first) === '0';
  let at = isZero ? first + 1 : skipDigits(text, start, first);
  if (isZero && isDigit(text.charCodeAt(at))) throw stray(text, start, at);
  const hasFraction = text.charAt(at) === '.';
  if (hasFraction) at = skipDigits(text, start, at + 1);
  // A plain zero takes no exponent: there the number ends.
  const hasExponent = 'eE'.includes(text.charAt(at) || ' ') && (hasFraction || !isZero);
  if (hasExponent) at = skipDigits(text, start, at + ('+-'.includes(text.charAt(at + 1) || ' ') ? 2 : 1));
  return { kind: hasFraction || hasExponent ? 'float' : 'integer', text: text.slice(start, at), at: start };
};

const scanKeyword = (text: string, at: number): JsonToken => {
  KEYWORD.lastIndex = at;
  const keyword = KEYWORD.exec(text)?.[0];
  if (keyword === undefined) throw stray(text, at, at);
  return { kind: 'keyword', text: keyword, at };
};

const scanToken = (text: string, at: number): JsonToken => {
  const first = text.charAt(at);
  switch (first) {
    case '{':
    case '}':
    case '[':
    case ']':
    case ':':
    case ',':
      return { kind: first, text: first, at };
    case '"':
    case "'":
      return scanString(text, at);
    default:
      return first === '-' || isDigit(text.charCodeAt(at)) ? scanNumber(text, at) : scanKeyword(text, at);
  }
};

const isOpening = (kind: JsonTokenKind): boolean => kind === '{' || kind === '[';

/**
 * Reads tokens until the brackets are balanced, one kind goes below zero, or the text ends: that far QEMU reads before it looks at the
 * grammar, so a stray character anywhere in there is reported first.
 */
export const scanJson = (text: string): JsonTokens => {
  const tokens: JsonToken[] = [];
  let braces = 0;
  let brackets = 0;
  let bytes = 0;
  let at = skipWhiteSpace(text, 0);
  while (at < text.length) {
    const token = scanToken(text, at);
    const step = isOpening(token.kind) ? 1 : -1;
    if (token.kind === '{' || token.kind === '}') braces += step;
    if (token.kind === '[' || token.kind === ']') brackets += step;
    bytes += token.kind === 'string' ? Buffer.byteLength(token.text) : token.text.length;
    if (bytes + 1 > JSON_LIMITS.bytes) throw failure('SYNTAX', 'JSON token size limit exceeded');
    if (tokens.length + 1 > JSON_LIMITS.tokens) throw failure('SYNTAX', 'JSON token count limit exceeded');
    if (braces + brackets > JSON_LIMITS.nested) throw failure('SYNTAX', 'JSON nesting depth limit exceeded');
    tokens.push(token);
    at = skipWhiteSpace(text, at + token.text.length);
    const open = braces >= 0 && brackets >= 0 && braces + brackets > 0;
    if (!open) break;
  }
  return { tokens, complete: at >= text.length };
};
