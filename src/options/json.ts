import { failure, type VmattachError } from '../errors/problem.ts';
import { toInt64, toUint64 } from './integer.ts';
import { scanJson, type JsonToken } from './json-lexer.ts';
import { decodeJsonString } from './json-string.ts';
import type { JsonObject, JsonValue } from './json-value.ts';

/** Where the parser stands in the token list; the list is complete before parsing starts. */
interface Cursor {
  readonly tokens: readonly JsonToken[];
  next: number;
}

// QEMU formats the message into 1 KiB.
const LONGEST_MESSAGE = 1023;

const refused = (what: string, token: JsonToken | undefined): VmattachError =>
  failure('SYNTAX', `JSON parse error, ${what.slice(0, LONGEST_MESSAGE)}`, {
    cause: token && `character ${token.at + 1} of the JSON text`,
  });

const take = (cursor: Cursor): JsonToken => {
  const token = cursor.tokens[cursor.next];
  if (token === undefined) throw refused('premature EOI', undefined);
  cursor.next += 1;
  return token;
};

const peekKind = (cursor: Cursor): string | undefined => cursor.tokens[cursor.next]?.kind;

// Shorter than the shortest text that could exceed int64.
const SAFE_LENGTH = 18;

const parseInteger = (text: string): bigint | number => {
  if (text.length <= SAFE_LENGTH) return BigInt(text);
  const signed = toInt64(text, 10);
  if (typeof signed === 'bigint') return signed;
  const unsigned = text.startsWith('-') ? 'ERANGE' : toUint64(text, 10);
  return typeof unsigned === 'bigint' ? unsigned : Number(text);
};

const parseKeyword = (token: JsonToken): boolean | null => {
  switch (token.text) {
    case 'true':
      return true;
    case 'false':
      return false;
    case 'null':
      return null;
    default:
      throw refused(`invalid keyword '${token.text}'`, token);
  }
};

const parsePair = (cursor: Cursor, object: Map<string, JsonValue>): void => {
  const start = cursor.tokens[cursor.next];
  const key = parseValue(cursor);
  if (typeof key !== 'string') throw refused('key is not a string in object', start);
  const colon = take(cursor);
  if (colon.kind !== ':') throw refused('missing : in object pair', colon);
  const value = parseValue(cursor);
  if (object.has(key)) throw refused('duplicate key', start);
  object.set(key, value);
};

const parseObject = (cursor: Cursor): JsonObject => {
  const object = new Map<string, JsonValue>();
  if (peekKind(cursor) === '}') {
    take(cursor);
    return object;
  }
  for (;;) {
    parsePair(cursor, object);
    const separator = take(cursor);
    if (separator.kind === '}') return object;
    if (separator.kind !== ',') throw refused('expected separator in dict', separator);
  }
};

const parseArray = (cursor: Cursor): readonly JsonValue[] => {
  const array: JsonValue[] = [];
  if (peekKind(cursor) === ']') {
    take(cursor);
    return array;
  }
  for (;;) {
    array.push(parseValue(cursor));
    const separator = take(cursor);
    if (separator.kind === ']') return array;
    if (separator.kind !== ',') throw refused('expected separator in list', separator);
  }
};

// The lexer allows 1024 open brackets, so the recursion is bounded.
const parseValue = (cursor: Cursor): JsonValue => {
  const token = take(cursor);
  switch (token.kind) {
    case '{':
      return parseObject(cursor);
    case '[':
      return parseArray(cursor);
    case 'integer':
      return parseInteger(token.text);
    case 'float':
      return Number(token.text);
    case 'string':
      return decodeJsonString(token);
    case 'keyword':
      return parseKeyword(token);
    case '}':
    case ']':
    case ':':
    case ',':
      throw refused('expecting value', token);
  }
};

/** Whether an option that takes JSON or key=value was given JSON: QEMU looks at the first character only. */
export const isJson = (text: string): boolean => text.startsWith('{');

/**
 * Parses one JSON value as QEMU does (qobject/json-*.c): RFC 8259 and strings in single quotes; duplicate keys, control characters,
 * noncharacters and lone surrogates are refused. Throws e.g. `JSON parse error, invalid keyword 'bad'`, `Expecting at most one JSON value`.
 */
export const parseJson = (text: string): JsonValue => {
  const { tokens, complete } = scanJson(text);
  if (tokens.length === 0) throw failure('SYNTAX', 'Expecting a JSON value');
  const value = parseValue({ tokens, next: 0 });
  if (!complete) throw failure('SYNTAX', 'Expecting at most one JSON value');
  return value;
};
