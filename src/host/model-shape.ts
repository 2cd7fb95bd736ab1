import { validateHostModel } from './generated/validate-host-model.js';
import { expectedByPattern } from './patterns.ts';

/** `devices[3].address` from the keys that lead there. */
export const formatJsonPath = (keys: readonly string[], root: unknown): string => {
  let value = root;
  let path = '';
  for (const key of keys) {
    if (Array.isArray(value)) path += `[${key}]`;
    else if (/^[A-Za-z_]\w*$/.test(key)) path += path === '' ? key : `.${key}`;
    else path += `[${JSON.stringify(key)}]`;
    value = member(value, key);
  }
  return path === '' ? 'the model' : path;
};

const member = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;

const LONGEST_QUOTE = 60;

/** A found value in words: scalars as JSON, cut when long. */
export const describeValue = (value: unknown): string => {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value);
  return text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text;
};

type ShapeError = NonNullable<typeof validateHostModel.errors>[number];

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'a string',
  integer: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  array: 'an array',
  null: 'null',
};

const expectedByError = ({ keyword, params }: ShapeError): string => {
  switch (keyword) {
    case 'pattern':
      return expectedByPattern(String(params['pattern']));
    case 'type':
      return [params['type']]
        .flat()
        .map((type) => TYPE_WORDS[String(type)] ?? String(type))
        .join(' or ');
    case 'enum':
      return `one of ${[params['allowedValues']]
        .flat()
        .map((value) => JSON.stringify(value))
        .join(', ')}`;
    case 'minimum':
      return `a number of at least ${String(params['limit'])}`;
    case 'maximum':
      return `a number of at most ${String(params['limit'])}`;
    default:
      return `what "${keyword}" allows`;
  }
};

/** The keys that lead to the culprit, by JSON pointer. */
const keysOf = (error: ShapeError): string[] =>
  error.instancePath
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));

const describeError = (error: ShapeError, keys: readonly string[], model: object): string => {
  const path = formatJsonPath(keys, model);
  const { params, propertyName } = error;
  if (propertyName !== undefined)
    return `${path}: expected ${expectedByError(error)} as a key, found ${describeValue(propertyName)}`;
  if (error.keyword === 'required') return `${path}: expected a key "${String(params['missingProperty'])}", found none`;
  if (error.keyword === 'additionalProperties') return `${path}: expected no key ${describeValue(params['additionalProperty'])}`;
  const found = keys.reduce<unknown>(member, model);
  return `${path}: expected ${expectedByError(error)}, found ${describeValue(found)}`;
};

/** A model from which entries are taken away as they turn out wrong. */
interface Remainder {
  readonly sections: Record<string, unknown>;
  /** For each list, the positions entries were taken from, each counted when it was taken. */
  readonly taken: Map<string, readonly number[]>;
}

const originalKeys = ({ taken }: Remainder, keys: readonly string[]): readonly string[] => {
  const [section = '', entry = '', ...rest] = keys;
  const positions = taken.get(section);
  if (positions === undefined) return keys;
  const original = positions.reduceRight((position, gone) => (position >= gone ? position + 1 : position), Number(entry));
  return [section, String(original), ...rest];
};

/** Takes the entry of a section (one device, one node) away. @returns whether there was one to take */
const takeEntry = ({ sections, taken }: Remainder, [section = '', entry]: readonly string[]): boolean => {
  if (entry === undefined || section === 'kernel' || section === 'process') return false;
  const content = member(sections, section);
  if (Array.isArray(content)) {
    const position = Number(entry);
    taken.set(section, [...(taken.get(section) ?? []), position]);
    sections[section] = content.toSpliced(position, 1);
  } else {
    sections[section] = Object.fromEntries(Object.entries(content ?? {}).filter(([key]) => key !== entry));
  }
  return true;
};

/**
 * Compares a parsed text with the schema of a host model. The validator stops at the first error, so that a hostile file cannot make it
 * collect millions; to name several, the entry with the error is left out and the rest is looked at again.
 * @param limit how many problems to look for
 * @returns one line for each, in the order found; none when the text has the shape of a host model
 */
export const shapeProblems = (model: object, limit: number): readonly string[] => {
  const problems: string[] = [];
  const remainder: Remainder = { sections: { ...model }, taken: new Map() };
  while (problems.length < limit && !validateHostModel(remainder.sections)) {
    const error = validateHostModel.errors?.[0];
    if (error === undefined) break;
    const keys = keysOf(error);
    problems.push(describeError(error, originalKeys(remainder, keys), model));
    const culprit = error.propertyName === undefined ? keys : [...keys, error.propertyName];
    if (!takeEntry(remainder, culprit)) break;
  }
  return problems;
};
