import { parseJson, isJson } from '../options/json.ts';
import type { JsonValue } from '../options/json-value.ts';
import { readCommaValue } from '../options/comma-value.ts';

/** What becomes of properties: a value, or gone. */
export type Edits = ReadonlyMap<string, string | undefined>;

const isObject = (value: JsonValue): value is ReadonlyMap<string, JsonValue> => value instanceof Map;
const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);

/** Compact JSON text; members keep their order and 64-bit integers their value. */
const jsonText = (value: JsonValue): string => {
  if (typeof value === 'bigint') return String(value);
  if (isObject(value)) return `{${[...value].map(([key, member]) => `${JSON.stringify(key)}:${jsonText(member)}`).join(',')}}`;
  return isList(value) ? `[${value.map(jsonText).join(',')}]` : JSON.stringify(value);
};

/** A key that is there keeps its place; others come last. */
const editMembers = (members: ReadonlyMap<string, JsonValue>, edits: Edits): ReadonlyMap<string, JsonValue> => {
  const edited = new Map(members);
  for (const [key, value] of edits) {
    if (value === undefined) edited.delete(key);
    else edited.set(key, value);
  }
  return edited;
};

const escapeCommas = (value: string): string => value.replaceAll(',', ',,');

/** The elements of a QemuOpts text as they are written, and the key of each. */
const elementsOf = (text: string, impliedKey: string): { readonly key: string; readonly text: string }[] => {
  const elements: { key: string; text: string }[] = [];
  for (let at = 0; at < text.length;) {
    const { end } = readCommaValue(text, at);
    const element = text.slice(at, end);
    const equals = element.indexOf('=');
    const key = equals === -1 ? (at === 0 ? impliedKey : element) : element.slice(0, equals);
    elements.push({ key, text: element });
    at = end + 1;
  }
  return elements;
};

const editElements = (text: string, impliedKey: string, edits: Edits): string => {
  const left = new Map(edits);
  const edited = elementsOf(text, impliedKey).flatMap((element) => {
    if (!edits.has(element.key)) return [element.text];
    const value = left.get(element.key);
    left.delete(element.key);
    if (value === undefined) return [];
    const key = element.text.includes('=') ? `${element.key}=` : '';
    return [key + escapeCommas(value)];
  });
  const added = [...left].flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${escapeCommas(value)}`]));
  return [...edited, ...added].join(',');
};

/**
 * The argument of an option with some properties set or taken out; everything else stays as it was written.
 * @param text key=value or, if it begins with `{`, JSON
 * @param impliedKey the key of a first value that names none
 */
export const editArgument = (text: string, impliedKey: string, edits: Edits): string => {
  if (edits.size === 0) return text;
  if (!isJson(text)) return editElements(text, impliedKey, edits);
  const value = parseJson(text);
  return isObject(value) ? jsonText(editMembers(value, edits)) : text;
};
