import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseBoolean } from '../../src/options/boolean.ts';
import { parseFdNumber } from '../../src/options/fd-number.ts';
import { parseIdentifier } from '../../src/options/identifier.ts';
import { parseIntegerRange, type IntegerType } from '../../src/options/integer-range.ts';
import { parseUnsigned } from '../../src/options/integer.ts';
import { parseJson } from '../../src/options/json.ts';
import { mergeKeyval } from '../../src/options/keyval-merge.ts';
import { parseKeyval } from '../../src/options/keyval.ts';
import { formatHostAddress, parseDevfn, parseHostAddress } from '../../src/options/pci-address.ts';
import { hasHelpOption } from '../../src/options/qemu-opts-text.ts';
import { getBoolean, getNumber, getOption, getSize } from '../../src/options/qemu-opts-values.ts';
import { parseQemuOpts, type OptionDescriptor, type QemuOpts } from '../../src/options/qemu-opts.ts';
import { toSize, type SizeSuffix } from '../../src/options/size.ts';
import { parseUuid } from '../../src/options/uuid.ts';
import { toPlain } from './print.ts';
import { problemOf } from './problem-of.ts';

const FILE = '../shared/peers/qemu-grammar-cases.jsonl';
const missing = existsSync(FILE) ? undefined : `no file ${FILE} beside the project`;

/** One recorded case; which fields it has depends on its kind. */
interface Case {
  readonly kind: string;
  readonly input: string | number | readonly string[];
  readonly error?: string;
  readonly hint?: string;
  readonly expect?: {
    readonly values?: Readonly<Record<string, string>>;
    readonly warnings?: readonly string[];
    readonly uint64?: string;
    readonly double?: string;
    readonly utf8_hex?: string;
  };
  readonly implied?: string | null;
  readonly help_allowed?: boolean;
  readonly desc?: Readonly<Record<string, OptionDescriptor['type']>> | null;
  readonly existing_ids?: readonly string[];
  readonly list_name?: string;
  readonly merge_lists?: boolean;
  readonly default_suffix?: SizeSuffix;
  readonly unit?: 1000 | 1024;
  readonly type?: IntegerType;
  readonly list?: boolean;
}

const textOf = ({ input }: Case): string => {
  if (typeof input !== 'string') throw new Error(`the input is no text: ${JSON.stringify(input)}`);
  return input;
};

const qemuOpts = (entry: Case): QemuOpts =>
  parseQemuOpts(textOf(entry), {
    group: entry.list_name ?? '',
    impliedKey: entry.implied ?? undefined,
    descriptors: entry.desc ? Object.entries(entry.desc).map(([name, type]) => ({ name, type })) : undefined,
    existingIds: new Set(entry.existing_ids),
    mergeLists: entry.merge_lists,
  });

const typedValue = (entry: Case, opts: QemuOpts, name: string): string => {
  const readers = { string: getOption, bool: getBoolean, number: getNumber, size: getSize };
  return String(readers[entry.desc?.[name] ?? 'string'](opts, name));
};

const runQemuOpts = (entry: Case) => {
  const opts = qemuOpts(entry);
  const names = Object.keys(entry.expect?.values ?? {});
  return {
    id: opts.id ?? null,
    opts: opts.options,
    ...(names.length > 0 && { values: Object.fromEntries(names.map((name) => [name, typedValue(entry, opts, name)])) }),
    ...(entry.expect?.warnings && { warnings: opts.warnings.map(({ message }) => message) }),
  };
};

const runMerge = ({ input }: Case) => {
  const trees = [input].flat().map((text) => parseKeyval(String(text)).value);
  return { dict: toPlain(trees.reduce(mergeKeyval)) };
};

const modifiedUtf8 = (text: string): string =>
  [...text].map((character) => (character === '\0' ? 'c080' : Buffer.from(character).toString('hex'))).join('');

const runJson = (entry: Case) => {
  const value = parseJson(textOf(entry));
  const { uint64, double, utf8_hex } = entry.expect ?? {};
  if (uint64 !== undefined) return { uint64: typeof value === 'bigint' ? String(value) : value };
  if (double !== undefined) return { double: value === Number(double) ? double : value };
  if (utf8_hex !== undefined) return { ...entry.expect, utf8_hex: modifiedUtf8(String(value)) };
  return { value: toPlain(value) };
};

const runRange = (entry: Case) => {
  const { type = 'int64', list = false } = entry;
  const { first, last } = parseIntegerRange(`${type === 'int64' ? 'i' : 'u'}64${list ? '' : 'x'}`, textOf(entry), type, list);
  return list ? { first: String(first), count: Number(last - first) + 1 } : { value: String(first) };
};

/** What each kind of case does with its input, in the shape of its expectation. */
const run: Record<string, (entry: Case) => unknown> = {
  keyval: (entry) => {
    const { value, help } = parseKeyval(textOf(entry), { impliedKey: entry.implied ?? undefined, helpAllowed: entry.help_allowed });
    return { dict: toPlain(value), help };
  },
  'keyval-merge': runMerge,
  qemuopts: runQemuOpts,
  help: (entry) => ({ without_implied: hasHelpOption(textOf(entry)), with_implied: hasHelpOption(textOf(entry), 'implied') }),
  size: (entry) => {
    const size = toSize(textOf(entry), { defaultSuffix: entry.default_suffix ?? 'B', unit: entry.unit ?? 1024 });
    return typeof size === 'bigint' ? { bytes: String(size) } : size;
  },
  uint64: (entry) => ({ value: String(parseUnsigned('number1', textOf(entry))) }),
  bool: (entry) => ({ value: parseBoolean('bool1', textOf(entry)) }),
  id: (entry) => ({ valid: parseIdentifier(textOf(entry)) === entry.input }),
  intrange: runRange,
  json: runJson,
  pciaddr: (entry) => ({ bdf: formatHostAddress(parseHostAddress('vfio-pci.host', textOf(entry))) }),
  devfn: (entry) => ({ devfn: parseDevfn('X.addr', typeof entry.input === 'number' ? BigInt(entry.input) : textOf(entry)) }),
  uuid: (entry) => ({ valid: true, canonical: parseUuid(textOf(entry)) }),
  fd: (entry) => ({ fd: parseFdNumber(textOf(entry)) }),
};

const UNNAMED_ERRORS = new Set(['any', 'invalid']);

const check = (entry: Case): void => {
  const reader = run[entry.kind];
  if (reader === undefined) throw new Error(`no reader for cases of kind '${entry.kind}'`);
  if (entry.error === undefined) {
    expect(reader(entry)).toMatchObject(entry.expect ?? {});
    return;
  }
  if (entry.kind === 'size') {
    expect(reader(entry)).toBe(entry.error);
    return;
  }
  const problem = problemOf(() => reader(entry));
  if (!UNNAMED_ERRORS.has(entry.error)) expect(problem.message).toBe(entry.error);
  if (entry.hint !== undefined) expect(problem.hint?.join('\n')).toBe(entry.hint.trimEnd());
};

if (missing !== undefined) test.skip(`recorded cases are not here: ${missing}`, () => {});

const lines = missing === undefined ? readFileSync(FILE, 'utf8').trim().split('\n') : [];
const cases = lines.map((line): [string, Case] => {
  const entry: Case = JSON.parse(line);
  return [`${entry.kind} ${JSON.stringify(entry.input).slice(0, 80)}`, entry];
});

test.each(cases)('QEMU agrees on case %#: %s', (_, entry) => check(entry));
