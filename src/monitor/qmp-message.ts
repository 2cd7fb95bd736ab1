import type { JsonObject, JsonValue } from '../options/json-value.ts';
import { refused } from './command-error.ts';

/** A well-formed request for a command. */
export interface CommandCall {
  readonly command: string;
  readonly outOfBand: boolean;
  readonly arguments: JsonObject;
}

const BUCKETS = 512;

/** tdb_hash of qobject/qdict.c, in 32-bit arithmetic. */
const bucketOf = (key: string): number => {
  const bytes = Buffer.from(key);
  let value = Math.imul(0x238f13af, bytes.length);
  bytes.forEach((byte, index) => {
    value = (value + (byte << ((index * 5) % 24))) | 0;
  });
  return ((Math.imul(1103515243, value) + 12345) >>> 0) % BUCKETS;
};

/** Of the names that a message may have. */
const BUCKETS_BY_NAME = new Map(['execute', 'exec-oob', 'arguments', 'id'].map((name) => [name, bucketOf(name)]));

/** The order in which QEMU walks a dictionary: that decides which of several faults is reported. */
const inQemuOrder = (object: JsonObject): readonly (readonly [string, JsonValue])[] =>
  [...object]
    .toReversed()
    .map((member) => ({ member, bucket: BUCKETS_BY_NAME.get(member[0]) ?? bucketOf(member[0]) }))
    .toSorted((one, other) => one.bucket - other.bucket)
    .map(({ member }) => member);

const isObject = (value: JsonValue | undefined): value is JsonObject => value instanceof Map;

/** QEMU echoes the id of everything that is an object, well-formed or not. */
export const idOf = (message: JsonValue): JsonValue | undefined => (isObject(message) ? message.get('id') : undefined);

/** Whether a message asks to overtake the ones before it; QEMU decides that before it looks at anything else. */
export const isOutOfBand = (message: JsonValue): boolean => isObject(message) && message.has('exec-oob') && !message.has('execute');

const checkMember = (name: string, value: JsonValue, allowOutOfBand: boolean, execute: string | undefined): void => {
  if (name === 'execute' || (name === 'exec-oob' && allowOutOfBand)) {
    if (typeof value !== 'string') throw refused(`QMP input member '${name}' must be a string`);
    if (execute !== undefined) throw refused(`QMP input member '${name}' clashes with '${execute}'`);
  } else if (name === 'arguments') {
    if (!isObject(value)) throw refused(`QMP input member 'arguments' must be an object`);
  } else if (name !== 'id') {
    throw refused(`QMP input member '${name}' is unexpected`);
  }
};

/**
 * Reads a message in the order and words of qapi/qmp-dispatch.c.
 * @param allowOutOfBand whether the client enabled the capability `oob`
 * @throws CommandError
 */
export const readCall = (message: JsonValue, allowOutOfBand: boolean): CommandCall => {
  if (!isObject(message)) throw refused('QMP input must be a JSON object');
  let execute: string | undefined;
  for (const [name, value] of inQemuOrder(message)) {
    checkMember(name, value, allowOutOfBand, execute);
    if (name === 'execute' || name === 'exec-oob') execute = name;
  }
  const command = execute === undefined ? undefined : message.get(execute);
  if (typeof command !== 'string') throw refused(`QMP input lacks member 'execute'`);
  const given = message.get('arguments');
  return { command, outOfBand: execute === 'exec-oob', arguments: isObject(given) ? given : new Map() };
};
