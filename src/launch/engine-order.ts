import type { Problem } from '../errors/problem.ts';
import type { ResourceLimit } from '../kernel/kernel.ts';
import type { Credentials } from '../kernel/linux/drop-privileges.ts';
import type { EngineLaunch } from './engine-launch.ts';
import type { PrivilegePlan } from './plan-privileges.ts';

/** All that starting an engine takes, by a process that becomes it. */
export interface EngineOrder {
  readonly path: string;
  readonly argv: readonly string[];
  /** File descriptors that it gets beside the standard streams, at the same numbers. */
  readonly fds: readonly number[];
  readonly memlock: ResourceLimit | undefined;
  /** Who it runs as, and for people his name. */
  readonly credentials: Credentials | undefined;
  readonly userName: string | undefined;
}

/** @param fds open files beside those that the privileges list */
export const engineOrder = (
  { path, command }: EngineLaunch,
  privileges: PrivilegePlan | undefined,
  fds: readonly number[],
): EngineOrder => ({
  path,
  argv: command.argv,
  fds: [...fds, ...(privileges?.opened ?? []).map(({ fd }) => fd)],
  memlock: privileges?.memlock,
  credentials: privileges?.credentials,
  userName: privileges?.user?.name,
});

/** An order as text; JSON has no 64-bit integers. */
export const formatOrder = (order: EngineOrder): string =>
  JSON.stringify(order, (_key, value: unknown) => (typeof value === 'bigint' ? { bigint: value.toString() } : value));

const isBigint = (value: unknown): value is { readonly bigint: string } =>
  typeof value === 'object' && value !== null && 'bigint' in value && typeof value.bigint === 'string';

/** What {@link formatOrder} wrote. */
export const parseOrder = (text: string): EngineOrder =>
  JSON.parse(text, (_key, value: unknown) => (isBigint(value) ? BigInt(value.bigint) : value));

/** What is put in the place of an order that could not be carried out. */
export const formatRefusal = (problem: Problem): string => JSON.stringify({ refused: problem });

/** Why an order was not carried out; undefined when it was. */
export const parseRefusal = (text: string): Problem | undefined => {
  const { refused }: { readonly refused?: Problem } = JSON.parse(text);
  return refused;
};
