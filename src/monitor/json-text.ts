/**
 * A value to send. Objects are plain ones, whose undefined members are left out, or maps as the JSON parser makes them. 64-bit integers
 * are bigints and stay exact.
 */
export type JsonOutput =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly JsonOutput[]
  | ReadonlyMap<string, JsonOutput>
  | JsonRecord;

export interface JsonRecord {
  readonly [name: string]: JsonOutput | undefined;
}

const INDENT = '    ';
// A quote, a backslash and all that is not printable ASCII.
const ESCAPED = /[^ !#-[\]-~]/;
const ALL_ESCAPED = new RegExp(ESCAPED, 'g');

const NAMED: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

const escape = (unit: string): string => NAMED[unit] ?? `\\u${unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;

const stringText = (text: string): string => `"${ESCAPED.test(text) ? text.replace(ALL_ESCAPED, escape) : text}"`;

/** Infinity, which the parser makes of 1e999, is sent back as such a number: JSON has no word for it. */
const numberText = (value: number): string => {
  if (Object.is(value, -0)) return '-0';
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? '1e999' : '-1e999';
};

interface Layout {
  readonly pretty: boolean;
  /** What an item of a list or object is preceded by. */
  readonly lineBreak: string;
}

const deeper = (layout: Layout): Layout => (layout.pretty ? { pretty: true, lineBreak: layout.lineBreak + INDENT } : layout);

const bracketed = (open: string, items: readonly string[], close: string, { pretty, lineBreak }: Layout): string => {
  if (items.length === 0) return open + close;
  return pretty
    ? open + items.map((item) => lineBreak + INDENT + item).join(',') + lineBreak + close
    : open + items.join(', ') + close;
};

const isMap = (value: JsonRecord | ReadonlyMap<string, JsonOutput>): value is ReadonlyMap<string, JsonOutput> =>
  value instanceof Map;

const isList = (value: JsonOutput): value is readonly JsonOutput[] => Array.isArray(value);

const valueText = (value: JsonOutput, layout: Layout): string => {
  if (typeof value === 'string') return stringText(value);
  if (typeof value === 'number') return numberText(value);
  if (typeof value !== 'object' || value === null) return String(value);
  const inner = deeper(layout);
  if (isList(value)) {
    const items = value.map((item) => valueText(item, inner));
    return bracketed('[', items, ']', layout);
  }
  const items: string[] = [];
  const add = (member: JsonOutput | undefined, name: string): void => {
    if (member !== undefined) items.push(`${stringText(name)}: ${valueText(member, inner)}`);
  };
  if (isMap(value)) value.forEach(add);
  else for (const name of Object.keys(value)) add(value[name], name);
  return bracketed('{', items, '}', layout);
};

/**
 * A value as QEMU writes it (qobject/qjson.c, json-writer.c): ASCII, `\uXXXX` for the rest; in one line, or indented by four blanks.
 * Lines end with CR LF, on which clients rely to find the end of a reply.
 */
export const jsonLine = (value: JsonOutput, pretty = false): string => `${valueText(value, { pretty, lineBreak: '\r\n' })}\r\n`;
