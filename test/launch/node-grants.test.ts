import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { readFileState, writeAcl } from '../../src/kernel/linux/file-access.ts';
import { modeAcl, type AclEntry } from '../../src/kernel/posix-acl.ts';
import { parseGrant } from '../../src/launch/grant-record.ts';
import { nodeOpens } from '../../src/launch/node-access.ts';
import { grantNode } from '../../src/launch/node-grants.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'vmattach-grants-'));
const records = path.join(folder, 'records');
const node = path.join(folder, 'node');
const record = path.join(records, `${node.slice(1).replaceAll('/', '-')}.json`);
afterAll(() => rmSync(folder, { recursive: true }));

beforeEach(() => {
  rmSync(node, { force: true });
  writeFileSync(node, '');
  chmodSync(node, 0o640);
});

const opens = (uid: number): boolean | 'absent' => nodeOpens(node, { uid, gid: 77, groups: [] });

describe('a node that is granted', () => {
  test('is as it was when it is taken back', () => {
    const before = readFileState(node);
    const grant = grantNode({ node, uid: 4001 }, records);
    expect(opens(4001)).toBe(true);
    expect(opens(4002)).toBe(false);
    grant.takeBack();
    expect(readFileState(node)).toEqual(before);
    expect(existsSync(record)).toBe(false);
  });

  test('keeps the list that it had', () => {
    const acl: readonly AclEntry[] = [
      ...modeAcl(0o600),
      { tag: 'user', permissions: 0o4, id: 4005 },
      { tag: 'mask', permissions: 0o4 },
    ];
    expect(writeAcl(node, acl)).toBe(true);
    const before = readFileState(node);
    const grant = grantNode({ node, uid: 4001 }, records);
    expect(opens(4001)).toBe(true);
    grant.takeBack();
    expect(readFileState(node)).toEqual(before);
  });

  test('to two users is taken back from each by itself', () => {
    const before = readFileState(node);
    const first = grantNode({ node, uid: 4001 }, records);
    const second = grantNode({ node, uid: 4002 }, records);
    first.takeBack();
    expect([opens(4001), opens(4002)]).toEqual([false, true]);
    second.takeBack();
    expect(readFileState(node)).toEqual(before);
  });

  test('by a process that died is restored by the next one', () => {
    const before = readFileState(node);
    grantNode({ node, uid: 4001 }, records);
    const left = parseGrant(readFileSync(record, 'utf8'));
    // The same pid with another start is another process.
    const text = readFileSync(record, 'utf8').replace(/"start":"\d+"/, '"start":"1"');
    writeFileSync(record, text);
    expect(left?.before).toMatchObject({ mode: 0o640 });
    const next = grantNode({ node, uid: 4002 }, records);
    expect([opens(4001), opens(4002)]).toEqual([false, true]);
    next.takeBack();
    expect(readFileState(node)).toEqual(before);
  });

  test('and is gone takes its grant along', () => {
    const grant = grantNode({ node, uid: 4001 }, records);
    unlinkSync(node);
    grant.takeBack();
    expect(existsSync(record)).toBe(false);
  });

  test('and was made anew is granted from what it is now', () => {
    grantNode({ node, uid: 4001 }, records);
    const old = readFileSync(record, 'utf8');
    unlinkSync(node);
    writeFileSync(`${node}.other`, '');
    writeFileSync(node, '');
    chmodSync(node, 0o600);
    writeFileSync(record, old.replace(/"inode":\d+/, '"inode":1'));
    const grant = grantNode({ node, uid: 4002 }, records);
    expect([opens(4001), opens(4002)]).toEqual([false, true]);
    grant.takeBack();
    expect(readFileState(node)).toMatchObject({ mode: 0o600, acl: undefined });
  });
});

test('what is no record is none', () => {
  for (const text of ['', 'null', '{}', '{"schema":"vmattach.grant/1"}']) expect(parseGrant(text)).toBeUndefined();
});
