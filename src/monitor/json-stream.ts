import { isUtf8 } from 'node:buffer';
import { failure, VmattachError } from '../errors/problem.ts';
import { JSON_LIMITS } from '../options/json-lexer.ts';
import type { JsonValue } from '../options/json-value.ts';
import { parseJson } from '../options/json.ts';
import { parsePlainObject } from '../options/plain-json.ts';
import { OUTCOME, STATE, transitions } from './json-states.ts';
import { decodeModifiedUtf8 } from './modified-utf8.ts';
import { TextBuffer } from './text-buffer.ts';

/** A value that was sent, or what is wrong with it. */
export type JsonInput = { readonly value: JsonValue } | { readonly error: VmattachError };

const BLANK = 0x20;
const OPEN_BRACE = 0x7b;
/** Longer input is not looked at as a whole, in bytes: what comes in pieces would be parsed over and over. */
const MOST_WHOLE = 4096;
/** A stray token is shown up to here; QEMU shows it whole, which lets a client have megabytes sent back. */
const SHOWN_BYTES = 1024;

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

/**
 * The text as the parser takes it. Invalid UTF-8 can stand in strings only, which come out as lone surrogates: those are what the parser
 * refuses as invalid UTF-8.
 */
const decode = (bytes: Uint8Array): string => {
  const text = bufferOf(bytes).toString('utf8');
  return isUtf8(bytes) ? text : text.replaceAll('\ufffd', '\ud800');
};

const parse = (text: string): JsonInput => {
  try {
    return { value: parseJson(text) };
  } catch (error) {
    if (error instanceof VmattachError) {
      return { error };
    }
    throw error;
  }
};

const refused = (message: string): JsonInput => ({ error: failure('SYNTAX', message) });

/**
 * Splits a stream of bytes into JSON values by balanced input, as QEMU does (qobject/json-lexer.c, json-streamer.c): no separator is
 * needed, except after a number or keyword outside of all brackets. After an error the bytes up to a control character other than a
 * tab, FE, FF or a structural character are skipped. Takes linear time, and as much memory as the limits of one text allow.
 */
export class JsonStream {
  readonly #transitions = transitions();
  readonly #text = new TextBuffer();
  #chunks: Uint8Array[] = [];
  /** The next byte of the first chunk. */
  #at = 0;
  #state: number = STATE.start;
  /** Bytes of the token that is being read. */
  #tokenLength = 0;
  #tokens = 0;
  #tokenBytes = 0;
  #braces = 0;
  #brackets = 0;

  /** Bytes to split; they must not change any more. */
  write(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
  }

  /** The next value or error; undefined when more bytes are needed. */
  next(): JsonInput | undefined {
    const whole = this.#takeWhole();
    if (whole !== undefined) {
      return { value: whole };
    }
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      const found = this.#scan(chunk);
      if (this.#at >= chunk.length) {
        this.#chunks.shift();
        this.#at = 0;
      }
      if (found !== undefined) {
        return found;
      }
    }
    return undefined;
  }

  /** Most clients send one object at a time, which is parsed as it is. Whatever is not that plain is split byte by byte. */
  #takeWhole(): JsonValue | undefined {
    const [chunk, another] = this.#chunks;
    const isBetween = this.#state === STATE.start && this.#tokens === 0;
    const isObject = isBetween && this.#at === 0 && another === undefined && chunk?.[0] === OPEN_BRACE;
    const object = isObject && chunk.length <= MOST_WHOLE ? parsePlainObject(bufferOf(chunk).toString('latin1')) : undefined;
    if (object !== undefined) this.#chunks = [];
    return object;
  }

  #scan(chunk: Uint8Array): JsonInput | undefined {
    const table = this.#transitions;
    let state = this.#state;
    let tokenStart = this.#at;
    for (let at = this.#at; at < chunk.length;) {
      const next = table[state * 256 + (chunk[at] ?? 0)] ?? OUTCOME.stray;
      if (next < OUTCOME.first) {
        if (next <= STATE.recovery) {
          tokenStart = at + 1;
        } else if (this.#tokenLength + at + 1 - tokenStart > JSON_LIMITS.bytes) {
          return this.#leave(at + 1, this.#tooLong());
        }
        state = next;
        at += 1;
        continue;
      }
      at += next === OUTCOME.ended || next === OUTCOME.recovered ? 0 : 1;
      if (next === OUTCOME.recovered) {
        state = STATE.start;
        tokenStart = at;
        continue;
      }
      this.#collect(chunk, tokenStart, at, next === OUTCOME.ended);
      tokenStart = at;
      if (next === OUTCOME.stray) {
        return this.#leave(at, this.#stray(), STATE.recovery);
      }
      state = STATE.start;
      const found = this.#endToken(next);
      if (found !== undefined) {
        return this.#leave(at, found);
      }
    }
    this.#collect(chunk, tokenStart, chunk.length, state >= STATE.zero);
    this.#state = state;
    this.#at = chunk.length;
    return undefined;
  }

  /** Ends a text, good or bad; the next one starts with nothing. */
  #leave(at: number, found: JsonInput, state: number = STATE.start): JsonInput {
    this.#text.clear();
    this.#state = state;
    this.#at = at;
    this.#tokenLength = 0;
    this.#tokens = 0;
    this.#tokenBytes = 0;
    this.#braces = 0;
    this.#brackets = 0;
    return found;
  }

  /** A blank before each number and keyword keeps neighbours apart; other white space is not kept. */
  #collect(chunk: Uint8Array, from: number, to: number, isWord: boolean): void {
    if (from >= to) {
      return;
    }
    if (isWord && this.#tokenLength === 0) {
      this.#text.appendByte(BLANK);
    }
    this.#text.append(chunk, from, to);
    this.#tokenLength += to - from;
  }

  #endToken(outcome: number): JsonInput | undefined {
    this.#count(outcome);
    const length = this.#tokenLength;
    this.#tokenLength = 0;
    if (this.#tokenBytes + length + 1 > JSON_LIMITS.bytes) {
      return this.#tooLong();
    }
    if (this.#tokens + 1 > JSON_LIMITS.tokens) {
      return refused('JSON token count limit exceeded');
    }
    if (this.#braces + this.#brackets > JSON_LIMITS.nested) {
      return refused('JSON nesting depth limit exceeded');
    }
    this.#tokens += 1;
    this.#tokenBytes += length;
    const isOpen = this.#braces >= 0 && this.#brackets >= 0 && this.#braces + this.#brackets > 0;
    return isOpen ? undefined : parse(decode(this.#text.last()));
  }

  #count(outcome: number): void {
    if (outcome === OUTCOME.openBrace) this.#braces += 1;
    if (outcome === OUTCOME.closeBrace) this.#braces -= 1;
    if (outcome === OUTCOME.openBracket) this.#brackets += 1;
    if (outcome === OUTCOME.closeBracket) this.#brackets -= 1;
  }

  #tooLong(): JsonInput {
    return refused('JSON token size limit exceeded');
  }

  /** Like a C string, what is shown ends at a NUL. */
  #stray(): JsonInput {
    const token = this.#text.last(this.#tokenLength).subarray(0, SHOWN_BYTES);
    const end = token.indexOf(0);
    return refused(`JSON parse error, stray '${decodeModifiedUtf8(end < 0 ? token : token.subarray(0, end))}'`);
  }
}
