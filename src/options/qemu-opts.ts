import { failure } from '../errors/problem.ts';
import { parseBoolean } from './boolean.ts';
import { parseIdentifier } from './identifier.ts';
import { toUint64 } from './integer.ts';
import { isHelpWord, splitQemuOpts } from './qemu-opts-text.ts';
import { parseSize } from './size.ts';

/** A parameter that an option group knows. */
export interface OptionDescriptor {
  readonly name: string;
  readonly type: 'string' | 'bool' | 'number' | 'size';
  readonly help?: string;
}

export interface QemuOptsRules {
  /** The name of the group, as in `Duplicate ID 'a' for device`. */
  readonly group: string;
  /** The key of a first value that names none. */
  readonly impliedKey?: string | undefined;
  /** The only parameters accepted; without it every key is. */
  readonly descriptors?: readonly OptionDescriptor[] | undefined;
  /** Ids of the group's earlier items. */
  readonly existingIds?: ReadonlySet<string> | undefined;
  /** All items of the group are one (`-m`, `-name`, `-rtc`, `-action`): no ids. */
  readonly mergeLists?: boolean | undefined;
  /** False refuses `id` as `mergeLists` does. */
  readonly permitId?: boolean | undefined;
  /** Told at once, so also of warnings that an error follows. */
  readonly onWarning?: ((warning: OptsWarning) => void) | undefined;
}

/** `message` follows the word "warning: "; `hint` is a line of its own. */
export interface OptsWarning {
  readonly message: string;
  readonly hint: string;
}

export interface QemuOpts {
  readonly id?: string;
  /** Without `id`, in the order given, repeated keys included. */
  readonly options: readonly (readonly [key: string, value: string])[];
  readonly warnings: readonly OptsWarning[];
  /** With descriptors, parsing stopped at the request; otherwise any key `help` or `?` counts. */
  readonly helpRequested: boolean;
}

const shortForm = (flag: string, key: string, value: string): OptsWarning => {
  // "delay" and "nodelay" are parameters of their own.
  const wanted = key === 'delay' ? `nodelay=${value === 'off' ? 'on' : 'off'}` : `${key}=${value}`;
  return { message: `short-form boolean option '${flag}' deprecated`, hint: `Please use ${wanted} instead` };
};

/** The first `id=` wins, and the implied key plays no part in finding it: `iommufd,,id=a` has the id `a`. */
const findId = (text: string): string | undefined => {
  for (const { key, value } of splitQemuOpts(text)) if (key === 'id') return value;
  return undefined;
};

const checkId = (id: string, { group, existingIds, mergeLists = false, permitId = true }: QemuOptsRules): void => {
  if (mergeLists || !permitId) throw failure('PROPERTY_UNKNOWN', `Invalid parameter 'id'`);
  parseIdentifier(id);
  if (existingIds?.has(id)) throw failure('ID_DUPLICATE', `Duplicate ID '${id}' for ${group}`);
};

/** A number of an option group, 0 to 2^64-1; negative ones wrap. Throws `Parameter 'k' expects a number`, `Value 'v' is too large ...`. */
export const parseOptionNumber = (name: string, text: string): bigint => {
  const value = toUint64(text);
  if (value === 'ERANGE') throw failure('VALUE_INVALID', `Value '${text}' is too large for parameter '${name}'`);
  if (value === 'EINVAL') throw failure('VALUE_INVALID', `Parameter '${name}' expects a number`);
  return value;
};

const checkValue = ({ name, type }: OptionDescriptor, value: string): void => {
  switch (type) {
    case 'string':
      return;
    case 'bool':
      parseBoolean(name, value);
      return;
    case 'number':
      parseOptionNumber(name, value);
      return;
    case 'size':
      parseSize(name, value);
  }
};

/**
 * QEMU's QemuOpts language (util/qemu-option.c), that of `-device`, `-object` and most older options. Throws e.g.
 * `Invalid parameter 'k'`, `Parameter 'id' expects an identifier`, `Duplicate ID 'a' for device`, `Parameter 'k' expects a number`.
 */
export const parseQemuOpts = (text: string, rules: QemuOptsRules): QemuOpts => {
  const { impliedKey, descriptors, onWarning } = rules;
  const id = findId(text);
  if (id !== undefined) checkId(id, rules);
  const identity = id === undefined ? {} : { id };
  const options: [string, string][] = [];
  const warnings: OptsWarning[] = [];
  for (const { key, value, flag, help } of splitQemuOpts(text, impliedKey)) {
    if (help && descriptors !== undefined) return { ...identity, options, warnings, helpRequested: true };
    if (flag !== undefined && !help) {
      const warning = shortForm(flag, key, value);
      warnings.push(warning);
      onWarning?.(warning);
    }
    if (key === 'id') continue;
    const descriptor = descriptors?.find(({ name }) => name === key);
    if (descriptors !== undefined && descriptor === undefined) throw failure('PROPERTY_UNKNOWN', `Invalid parameter '${key}'`);
    if (descriptor !== undefined) checkValue(descriptor, value);
    options.push([key, value]);
  }
  return { ...identity, options, warnings, helpRequested: options.some(([key]) => isHelpWord(key)) };
};
