/** The states of QEMU's lexer (qobject/json-lexer.c), then what can happen to a byte other than going to a state. */
export const STATE = {
  /** Between tokens. */
  start: 0,
  /** After a byte that fits nowhere. */
  recovery: 1,
  doubleQuoted: 2,
  doubleEscape: 3,
  singleQuoted: 4,
  singleEscape: 5,
  zero: 6,
  digits: 7,
  sign: 8,
  point: 9,
  fraction: 10,
  exponent: 11,
  exponentSign: 12,
  exponentDigits: 13,
  keyword: 14,
} as const;

export const OUTCOME = {
  first: 16,
  /** The token ends with this byte. */
  ends: 16,
  /** The token ended before this byte, which is looked at again. */
  ended: 17,
  openBrace: 18,
  closeBrace: 19,
  openBracket: 20,
  closeBracket: 21,
  punctuation: 22,
  stray: 23,
  /** The lexer is back in step before this byte. */
  recovered: 24,
} as const;

type Entry = number | readonly [first: number, last: number];
type Rule = readonly [bytes: readonly Entry[], target: number];

const code = (character: string): number => character.charCodeAt(0);
const NINE = code('9');
const ANY: Entry = [0, 0xff];
const DIGIT: Entry = [code('0'), NINE];
const EXPONENT_LETTERS = [code('e'), code('E')];
/** FE and FF are in no UTF-8: clients send them to get the parser back in step. */
const IN_STRING: Entry = [0x20, 0xfd];
const BACKSLASH = code('\\');

const STRUCTURAL: readonly Rule[] = [
  [[code('{')], OUTCOME.openBrace],
  [[code('}')], OUTCOME.closeBrace],
  [[code('[')], OUTCOME.openBracket],
  [[code(']')], OUTCOME.closeBracket],
  [[code(','), code(':')], OUTCOME.punctuation],
];

const string = (quote: string, inside: number, escape: number): readonly Rule[] => [
  [[IN_STRING], inside],
  [[BACKSLASH], escape],
  [[code(quote)], OUTCOME.ends],
];

/** Later rules beat earlier ones; a byte that no rule names is stray. */
const RULES: readonly (readonly [state: number, rules: readonly Rule[]])[] = [
  [
    STATE.start,
    [
      [[0x20, 0x09, 0x0d, 0x0a], STATE.start],
      [[code('"')], STATE.doubleQuoted],
      [[code("'")], STATE.singleQuoted],
      [[code('0')], STATE.zero],
      [[[code('1'), NINE]], STATE.digits],
      [[code('-')], STATE.sign],
      [[[code('a'), code('z')]], STATE.keyword],
      ...STRUCTURAL,
    ],
  ],
  [
    STATE.recovery,
    [
      [[[0x20, 0xfd]], STATE.recovery],
      [[[0, 0x1f], [0xfe, 0xff], ...STRUCTURAL.flatMap(([bytes]) => bytes)], OUTCOME.recovered],
      [[code('\t')], STATE.recovery],
    ],
  ],
  [STATE.doubleQuoted, string('"', STATE.doubleQuoted, STATE.doubleEscape)],
  [STATE.doubleEscape, [[[IN_STRING], STATE.doubleQuoted]]],
  [STATE.singleQuoted, string("'", STATE.singleQuoted, STATE.singleEscape)],
  [STATE.singleEscape, [[[IN_STRING], STATE.singleQuoted]]],
  [
    STATE.zero,
    [
      [[ANY], OUTCOME.ended],
      [[DIGIT], OUTCOME.stray],
      [[code('.')], STATE.point],
    ],
  ],
  [
    STATE.digits,
    [
      [[ANY], OUTCOME.ended],
      [[DIGIT], STATE.digits],
      [EXPONENT_LETTERS, STATE.exponent],
      [[code('.')], STATE.point],
    ],
  ],
  [
    STATE.sign,
    [
      [[code('0')], STATE.zero],
      [[[code('1'), NINE]], STATE.digits],
    ],
  ],
  [STATE.point, [[[DIGIT], STATE.fraction]]],
  [
    STATE.fraction,
    [
      [[ANY], OUTCOME.ended],
      [[DIGIT], STATE.fraction],
      [EXPONENT_LETTERS, STATE.exponent],
    ],
  ],
  [
    STATE.exponent,
    [
      [[code('+'), code('-')], STATE.exponentSign],
      [[DIGIT], STATE.exponentDigits],
    ],
  ],
  [STATE.exponentSign, [[[DIGIT], STATE.exponentDigits]]],
  [
    STATE.exponentDigits,
    [
      [[ANY], OUTCOME.ended],
      [[DIGIT], STATE.exponentDigits],
    ],
  ],
  [
    STATE.keyword,
    [
      [[ANY], OUTCOME.ended],
      [[[code('a'), code('z')]], STATE.keyword],
    ],
  ],
];

const BYTES = 256;

const createTable = (): Uint8Array => {
  const table = new Uint8Array(RULES.length * BYTES).fill(OUTCOME.stray);
  for (const [state, rules] of RULES) {
    for (const [entries, target] of rules) {
      for (const entry of entries) {
        const [first, last] = typeof entry === 'number' ? [entry, entry] : entry;
        table.fill(target, state * BYTES + first, state * BYTES + last + 1);
      }
    }
  }
  return table;
};

let table: Uint8Array | undefined;

/** By `state * 256 + byte`: the next state, or an outcome. Made by the first use: most launches have no monitor. */
export const transitions = (): Uint8Array => (table ??= createTable());
