import { describe, expect, test } from 'vitest';
import { VmattachError } from '../../src/errors/problem.ts';
import type { GroupAccount, UserAccount } from '../../src/kernel/linux/accounts.ts';
import { numericRunAs, resolveRunAs, type AccountSource } from '../../src/launch/run-as.ts';

const USERS: readonly UserAccount[] = [
  { name: 'root', uid: 0, gid: 0 },
  { name: 'vm', uid: 64055, gid: 108 },
  { name: '1234', uid: 5, gid: 6 },
];
const GROUPS: readonly GroupAccount[] = [
  { name: 'kvm', gid: 104 },
  { name: 'vm', gid: 108 },
];

const SOURCE: AccountSource = {
  accounts: {
    user: (key) => USERS.find(({ name, uid }) => key === name || key === uid),
    group: (key) => GROUPS.find(({ name, gid }) => key === name || key === gid),
    groupsOf: ({ name, gid }) => (name === 'vm' ? [gid, 104] : [gid]),
  },
  userNames: () => USERS.map(({ name }) => name),
  groupNames: () => GROUPS.map(({ name }) => name),
};

const problemOf = (body: () => unknown) => {
  try {
    body();
  } catch (error) {
    if (error instanceof VmattachError) return error.problem;
    throw error;
  }
  throw new Error('nothing was refused');
};

describe('--run-as', () => {
  test.each([
    ['vm', { name: 'vm', uid: 64055, gid: 108, memberships: [108, 104] }],
    ['64055', { name: 'vm', uid: 64055, gid: 108, memberships: [108, 104] }],
    ['vm:kvm', { name: 'vm', uid: 64055, gid: 104, memberships: [108, 104] }],
    ['vm:999', { name: 'vm', uid: 64055, gid: 999, memberships: [108, 104] }],
    ['1234', { name: '1234', uid: 5, gid: 6, memberships: [6] }],
    ['777:kvm', { name: '777', uid: 777, gid: 104, memberships: [] }],
  ])('%s', (text, expected) => {
    expect(resolveRunAs(text, SOURCE)).toEqual(expected);
  });

  test.each([
    ['vmm', "user 'vmm' does not exist", 'did you mean vm'],
    ['vm:kvn', "group 'kvn' does not exist", 'did you mean kvm'],
    ['nosuchuser', "user 'nosuchuser' does not exist", 'getent passwd lists'],
    ['777', 'user id 777 has no entry', '--run-as 777:GROUP'],
    ['root', 'root is who an engine runs as', 'leave --run-as out'],
    ['0:kvm', 'root is who an engine runs as', 'leave --run-as out'],
    ['4294967295:1', "user '4294967295' does not exist", 'getent passwd'],
    ['', 'a user is expected', '--run-as USER'],
    [':kvm', 'a user is expected', '--run-as USER'],
    ['vm:', 'a user is expected', '--run-as USER'],
    ['vm:a:b', "group 'a:b' does not exist", 'getent group'],
  ])('%s is refused', (text, message, fix) => {
    const problem = problemOf(() => resolveRunAs(text, SOURCE));
    expect(problem).toMatchObject({ code: 'VALUE_INVALID', location: `--run-as ${text}` });
    expect(problem.message).toContain(message);
    expect(problem.cause).toBeTruthy();
    expect(problem.fixes?.join('\n')).toContain(fix);
  });

  test('on the host of a model takes numbers', () => {
    expect(numericRunAs('1000:36')).toEqual({ name: '1000', uid: 1000, gid: 36, memberships: [] });
    expect(numericRunAs('1000')).toMatchObject({ uid: 1000, gid: 1000 });
    expect(problemOf(() => numericRunAs('vm')).message).toContain('no names of users');
  });
});
