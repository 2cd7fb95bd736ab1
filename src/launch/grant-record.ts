import { parseAcl, formatAcl, type FileAccess } from '../kernel/posix-acl.ts';

/** A process that lives as long as somebody may open a node. */
export interface GrantHolder {
  readonly pid: number;
  /** When it started, in clock ticks since boot: the same pid later is another process. */
  readonly start: string;
  /** Who may open the node for its sake. */
  readonly uid: number;
}

/** A node that was granted: how it was before, and for whose sake it is not so now. */
export interface GrantRecord {
  readonly inode: number;
  readonly device: number;
  readonly before: FileAccess;
  readonly holders: readonly GrantHolder[];
}

const SCHEMA = 'vmattach.grant/1';

const isNumber = (value: unknown): value is number => typeof value === 'number';

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;

const isHolder = (value: unknown): value is GrantHolder =>
  isObject(value) && isNumber(value['pid']) && typeof value['start'] === 'string' && isNumber(value['uid']);

export const formatGrant = ({ before, ...record }: GrantRecord): string =>
  JSON.stringify({
    schema: SCHEMA,
    ...record,
    before: { ...before, acl: before.acl === undefined ? null : Buffer.from(formatAcl(before.acl)).toString('base64') },
  });

const parseAccess = (value: unknown): FileAccess | undefined => {
  if (!isObject(value)) return undefined;
  const { uid, gid, mode, acl } = value;
  if (!isNumber(uid) || !isNumber(gid) || !isNumber(mode)) return undefined;
  return { uid, gid, mode, acl: typeof acl === 'string' ? parseAcl(Buffer.from(acl, 'base64')) : undefined };
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** @returns undefined for what is no record: only root writes here, so it is one that was cut short, before the node was touched */
export const parseGrant = (text: string): GrantRecord | undefined => {
  const value = parseJson(text);
  if (!isObject(value) || value['schema'] !== SCHEMA) return undefined;
  const { inode, device, holders } = value;
  const before = parseAccess(value['before']);
  if (!isNumber(inode) || !isNumber(device) || before === undefined || !Array.isArray(holders)) return undefined;
  return { inode, device, before, holders: holders.filter(isHolder) };
};
