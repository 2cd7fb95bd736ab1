import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { failure } from '../errors/problem.ts';
import { readFileState, withLock, writeAcl, writeOwner, type FileState } from '../kernel/linux/file-access.ts';
import { grantUsers, modeAcl, type FileAccess } from '../kernel/posix-acl.ts';
import { formatGrant, parseGrant, type GrantHolder, type GrantRecord } from './grant-record.ts';
import { stateOfNode } from './node-access.ts';
import type { NodeGrant } from './plan-privileges.ts';

/** Root's folder for the time until the next boot (file-hierarchy(7)). */
const FOLDER = '/run/vmattach/grants';

const START_TIME_FIELD = 22;

/** undefined when there is no such process. The name in the second field may hold blanks and parentheses. */
const startTime = (pid: number): string | undefined => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[START_TIME_FIELD - 3];
  } catch {
    return undefined;
  }
};

const isAlive = ({ pid, start }: GrantHolder): boolean => startTime(pid) === start;

const readText = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};

const isSame = (record: GrantRecord, state: FileState): boolean => record.inode === state.inode && record.device === state.device;

const cannotShare = (node: string, holders: readonly GrantHolder[]) =>
  failure('BUSY', `${node} cannot be granted to two users`, {
    subject: node,
    cause: `its file system has no access control lists, and process ${holders[0]?.pid ?? 0} has it granted to uid ${holders[0]?.uid ?? 0} by its owner`,
    fixes: ['use the same user for both', 'attach through iommufd, whose file descriptors are passed'],
  });

const OWNER_READ_WRITE = 0o600;

const restore = (node: string, before: FileAccess): void => {
  const hasAcls = writeAcl(node, before.acl ?? modeAcl(before.mode));
  const { uid, gid, mode } = readFileState(node);
  if (uid !== before.uid || gid !== before.gid || (!hasAcls && mode !== before.mode)) writeOwner(node, before);
};

/** An entry in an access control list for each user; where there are none, the one user becomes the owner. */
const apply = (node: string, before: FileAccess, holders: readonly GrantHolder[]): void => {
  const uids = [...new Set(holders.map(({ uid }) => uid))];
  const [first, second] = uids;
  if (first === undefined) return restore(node, before);
  if (writeAcl(node, grantUsers(before, uids))) return;
  if (second !== undefined) throw cannotShare(node, holders);
  writeOwner(node, { ...before, uid: first, mode: before.mode | OWNER_READ_WRITE });
};

const recordFile = (folder: string, node: string): string => path.join(folder, `${node.slice(1).replaceAll('/', '-')}.json`);

/** The record comes before the change, so that whoever comes after a crash knows how the node was. */
const change = (folder: string, node: string, holdersFrom: (holders: readonly GrantHolder[]) => readonly GrantHolder[]): void => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  withLock(path.join(folder, 'lock'), () => {
    const file = recordFile(folder, node);
    const state = readFileState(node);
    const found = parseGrant(readText(file));
    const record = found !== undefined && isSame(found, state) ? found : undefined;
    const before = record?.before ?? state;
    const alive = (record?.holders ?? []).filter(isAlive);
    const holders = holdersFrom(alive);
    const save = (kept: readonly GrantHolder[]): void => {
      if (kept.length === 0) return rmSync(file, { force: true });
      writeFileSync(`${file}.draft`, formatGrant({ inode: state.inode, device: state.device, before, holders: kept }), {
        mode: 0o600,
      });
      renameSync(`${file}.draft`, file);
    };
    if (holders.length > 0) save(holders);
    try {
      apply(node, before, holders);
    } catch (error) {
      save(alive);
      throw error;
    }
    if (holders.length === 0) save([]);
  });
};

/** Something that was granted, to be taken back once. */
export interface Granted {
  readonly node: string;
  readonly takeBack: () => void;
}

/**
 * Lets a user open a node for as long as this process has not taken it back. Grants of several processes for one node are counted, and
 * the last that goes restores owner, mode and access control list exactly; a process that died without taking back counts no longer.
 * @param folder where the former state is kept
 * @throws BUSY; SystemCallError
 */
export const grantNode = ({ node, uid }: NodeGrant, folder = FOLDER): Granted => {
  const self: GrantHolder = { pid: process.pid, start: startTime(process.pid) ?? '', uid };
  const isOther = (holder: GrantHolder): boolean => holder.pid !== self.pid || holder.uid !== uid;
  change(folder, node, (holders) => [...holders.filter(isOther), self]);
  const takeBack = (): void => {
    // A node that went away with its device took the grant along.
    if (stateOfNode(node) === undefined) rmSync(recordFile(folder, node), { force: true });
    else change(folder, node, (holders) => holders.filter(isOther));
  };
  return { node, takeBack };
};
