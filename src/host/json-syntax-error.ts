/** Where a text stops being JSON. */
export interface JsonSyntaxError {
  /** Counted from 1; columns in UTF-16 units. */
  readonly line: number;
  readonly column: number;
  /** e.g. `expected "," or "}", found "x"`. */
  readonly message: string;
}

type State = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or ]' | ', or }' | 'end';

const EXPECTED: Readonly<Record<State, string>> = {
  value: 'a value',
  'value or ]': 'a value or "]"',
  key: 'a key in double quotes',
  'key or }': 'a key in double quotes or "}"',
  ':': '":"',
  ', or ]': '"," or "]"',
  ', or }': '"," or "}"',
  end: 'nothing more',
};

const BLANK = /[ \t\r\n]*/y;
const NUMBER_OR_WORD = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

const matchEnd = (pattern: RegExp, text: string, at: number): number => {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
};

/** @returns the offset after the closing quote, or a negative number: minus one minus the offset of what is wrong inside */
const stringEnd = (text: string, start: number): number => {
  let at = start + 1;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at + 1;
    if (code < 0x20) return -1 - at;
    const next = code === 0x5c ? matchEnd(ESCAPE, text, at) : at + 1;
    if (next === at) return -1 - at;
    at = next;
  }
  return -1 - at;
};

const report = (text: string, offset: number, expected: string): JsonSyntaxError => {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  const found = offset >= text.length ? 'the end of the text' : JSON.stringify(String.fromCodePoint(text.codePointAt(offset) ?? 0));
  return {
    line: before.split('\n').length,
    column: offset - lineStart + 1,
    message: `expected ${expected}, found ${found}`,
  };
};

const afterValue = (nesting: readonly string[]): State => {
  const container = nesting.at(-1);
  if (container === undefined) return 'end';
  return container === '[' ? ', or ]' : ', or }';
};

/**
 * Finds the first place where `text` is not JSON (RFC 8259); undefined when it is. For the message after `JSON.parse` has failed: what V8
 * says differs between versions and often has no position. Time is linear, and nesting costs no stack.
 */
export const findJsonSyntaxError = (text: string): JsonSyntaxError | undefined => {
  const nesting: string[] = [];
  let state: State = 'value';
  let at = 0;
  for (;;) {
    at = matchEnd(BLANK, text, at);
    if (at >= text.length) return state === 'end' ? undefined : report(text, at, EXPECTED[state]);
    const character = text.charAt(at);
    const wantsKey: boolean = state === 'key' || state === 'key or }';
    const wantsValue: boolean = state === 'value' || state === 'value or ]';
    let end = at + 1;
    if (character === '"' && (wantsKey || wantsValue)) {
      end = stringEnd(text, at);
      if (end < 0) return report(text, -1 - end, 'the rest of a string');
      state = wantsKey ? ':' : afterValue(nesting);
    } else if (wantsValue && (character === '[' || character === '{')) {
      nesting.push(character);
      state = character === '[' ? 'value or ]' : 'key or }';
    } else if ((character === ']' || character === '}') && state.endsWith(character)) {
      nesting.pop();
      state = afterValue(nesting);
    } else if (character === ',' && (state === ', or ]' || state === ', or }')) {
      state = state === ', or ]' ? 'value' : 'key';
    } else if (character === ':' && state === ':') {
      state = 'value';
    } else {
      end = wantsValue ? matchEnd(NUMBER_OR_WORD, text, at) : at;
      if (end === at) return report(text, at, EXPECTED[state]);
      state = afterValue(nesting);
    }
    at = end;
  }
};
