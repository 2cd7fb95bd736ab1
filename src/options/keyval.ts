import { failure } from '../errors/problem.ts';
import { readCommaValue } from './comma-value.ts';
import { listify } from './keyval-list.ts';
import type { KeyvalDict, KeyvalValue } from './keyval-value.ts';

export type { KeyvalDict } from './keyval-value.ts';

export interface KeyvalRules {
  /** The key of a first value that names none; may be dotted. */
  readonly impliedKey?: string | undefined;
  /** Without it, a lone `help` or `?` is an error. */
  readonly helpAllowed?: boolean | undefined;
  /** Parse on top of this tree, as repeated `-machine` does; it is not changed. */
  readonly into?: KeyvalDict | undefined;
}

export interface Keyval {
  readonly value: KeyvalDict;
  /** Whether a lone `help` or `?` was among the elements. */
  readonly help: boolean;
}

type Dict = Map<string, KeyvalValue>;

const LONGEST_FRAGMENT = 127;
// QEMU recurses without a limit; this one is that of its JSON parser.
const MOST_FRAGMENTS = 1024;

const KEY = /[^=,]*/y;
const INDEX = /[0-9]+/y;
// A QAPI name, downstream `__RFQDN_` prefix included (qapi/qapi-util.c parse_qapi_name).
const NAME = /(?:__[A-Za-z0-9.-]*_)?[A-Za-z][A-Za-z0-9_-]*/y;

const matchAt = (pattern: RegExp, text: string, at: number): string => {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
};

/** Cuts a key at its dots, checking each part; the first is a name, every other a name or a number. */
function* splitKey(key: string): Generator<{ fragment: string; from: number }> {
  let count = 0;
  for (let from = 0; ;) {
    const fragment = (from > 0 && matchAt(INDEX, key, from)) || matchAt(NAME, key, from);
    const end = from + fragment.length;
    if (fragment === '' || (end < key.length && key[end] !== '.')) throw failure('SYNTAX', `Invalid parameter '${key}'`);
    if (fragment.length > LONGEST_FRAGMENT) {
      throw failure('SYNTAX', `Parameter${fragment === key ? '' : ' fragment'} '${fragment}' is too long`);
    }
    count += 1;
    if (count > MOST_FRAGMENTS) throw failure('SYNTAX', 'Parameter nesting depth limit exceeded');
    yield { fragment, from };
    if (end === key.length) return;
    from = end + 1;
  }
}

const inconsistent = (path: string) => failure('SYNTAX', `Parameters '${path}.*' used inconsistently`);

/** Where a leaf belongs: the dict, made if it was not there, and the name in it. Numbers are names until `listify`. */
const locate = (root: Dict, key: string): { dict: Dict; name: string } => {
  let dict = root;
  let name = '';
  for (const { fragment, from } of splitKey(key)) {
    if (from > 0) {
      const known = dict.get(name);
      if (known !== undefined && !(known instanceof Map)) throw inconsistent(key.slice(0, from - 1));
      const next: Dict = known ?? new Map();
      dict.set(name, next);
      dict = next;
    }
    name = fragment;
  }
  return { dict, name };
};

const putLeaf = ({ dict, name }: { dict: Dict; name: string }, key: string, leaf: string): void => {
  const known = dict.get(name);
  if (known !== undefined && typeof known !== 'string') throw inconsistent(key);
  dict.set(name, leaf);
};

const isHelp = (element: string): boolean => element === 'help' || element === '?';

const copy = (dict: KeyvalDict): Dict =>
  new Map([...dict].map(([key, value]) => [key, value instanceof Map ? copy(value) : value]));

/**
 * QEMU's keyval language (util/keyval.c), that of `-machine`, `-smp`, `-boot`, `-blockdev`: `key=value,...` with dotted keys; `,,` is a
 * comma, the last of equal keys wins, `id` included. Throws e.g. `Invalid parameter 'K'`, `Expected '=' after parameter 'K'`,
 * `Parameters 'a.b.*' used inconsistently`, `Parameter 'list.1' missing`.
 */
export const parseKeyval = (text: string, { impliedKey, helpAllowed = false, into }: KeyvalRules = {}): Keyval => {
  const root: Dict = into === undefined ? new Map() : copy(into);
  let help = false;
  for (let at = 0; at < text.length;) {
    const key = matchAt(KEY, text, at);
    const end = at + key.length;
    const named = text[end] === '=';
    if (!named && isHelp(key)) {
      help = true;
      at = end + 1;
    } else if (!named && key !== '' && at === 0 && impliedKey !== undefined) {
      putLeaf(locate(root, impliedKey), impliedKey, key);
      at = end + 1;
    } else {
      const place = locate(root, key);
      if (!named) throw failure('SYNTAX', `Expected '=' after parameter '${key}'`);
      const read = readCommaValue(text, end + 1);
      putLeaf(place, key, read.value);
      at = read.end + 1;
    }
  }
  if (help && !helpAllowed) throw failure('SYNTAX', 'Help is not available for this option');
  return { value: listify(root), help };
};
