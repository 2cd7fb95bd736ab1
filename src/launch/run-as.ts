import { failure } from '../errors/problem.ts';
import type { Accounts, GroupAccount, UserAccount } from '../kernel/linux/accounts.ts';
import { suggest } from '../options/suggest.ts';

/** The user that an engine runs as. */
export interface RunAs {
  /** For people: the name, or the number where it has none. */
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** All groups that a login of the user has. */
  readonly memberships: readonly number[];
}

/** Where users and groups are looked up. */
export interface AccountSource {
  readonly accounts: Accounts;
  /** Names that a mistyped one may have meant. */
  readonly userNames: () => readonly string[];
  readonly groupNames: () => readonly string[];
}

const LARGEST_ID = 0xffff_fffe;

const locationOf = (text: string): string => `--run-as ${text}`;

const numberOf = (text: string): number | undefined => {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : Infinity;
  return number <= LARGEST_ID ? number : undefined;
};

/** A name, and only then a number, as chown(1) has it. */
const find = <T>(text: string, lookUp: (key: string | number) => T | undefined): T | undefined => {
  const number = numberOf(text);
  return lookUp(text) ?? (number === undefined ? undefined : lookUp(number));
};

const absent = (text: string, kind: 'user' | 'group', name: string, names: readonly string[]) => {
  const meant = suggest(name, names);
  return failure('VALUE_INVALID', `${kind} '${name}' does not exist`, {
    location: locationOf(text),
    cause: `this system has no ${kind} of that name or number (${kind === 'user' ? 'getent passwd' : 'getent group'})`,
    fixes: [meant === undefined ? `getent ${kind === 'user' ? 'passwd' : 'group'} lists those it has` : `did you mean ${meant}`],
  });
};

const findGroup = (text: string, name: string, { accounts, groupNames }: AccountSource): GroupAccount => {
  const number = numberOf(name);
  const group = find(name, accounts.group) ?? (number === undefined ? undefined : { name, gid: number });
  if (group === undefined) throw absent(text, 'group', name, groupNames());
  return group;
};

const withoutGroup = (text: string, uid: number) =>
  failure('VALUE_INVALID', `user id ${uid} has no entry, so that its group is not known`, {
    location: locationOf(text),
    cause: 'the group of a user comes from the database of users',
    fixes: [`--run-as ${uid}:GROUP`],
  });

const asRoot = (text: string) =>
  failure('VALUE_INVALID', 'root is who an engine runs as without this option', {
    location: locationOf(text),
    cause: "the files of the host are root's, so that root without capabilities is separated from nothing",
    fixes: ['name a user without privileges', 'leave --run-as out'],
  });

interface Parts {
  readonly user: string;
  readonly group: string | undefined;
}

const split = (text: string): Parts => {
  const [user = '', ...rest] = text.split(':');
  const group = rest.length === 0 ? undefined : rest.join(':');
  if (user === '' || group === '') {
    throw failure('VALUE_INVALID', 'a user is expected, and a group behind a colon', {
      location: locationOf(text),
      cause: user === '' ? 'there is no user before the colon' : 'there is no group behind the colon',
      fixes: ['--run-as USER', '--run-as USER:GROUP'],
    });
  }
  return { user, group };
};

const runAs = (text: string, known: UserAccount, group: GroupAccount | undefined, memberships: readonly number[]): RunAs => {
  if (known.uid === 0) throw asRoot(text);
  return { name: known.name, uid: known.uid, gid: group?.gid ?? known.gid, memberships };
};

/**
 * The user that `USER[:GROUP]` names.
 * @throws VALUE_INVALID
 */
export const resolveRunAs = (text: string, source: AccountSource): RunAs => {
  const { user, group: groupName } = split(text);
  const { accounts, userNames } = source;
  const account = find(user, accounts.user);
  const group = groupName === undefined ? undefined : findGroup(text, groupName, source);
  if (account !== undefined) return runAs(text, account, group, accounts.groupsOf(account));
  const uid = numberOf(user);
  if (uid === undefined) throw absent(text, 'user', user, userNames());
  if (group === undefined) throw withoutGroup(text, uid);
  return runAs(text, { name: user, uid, gid: group.gid }, group, []);
};

/** Who is who on the host of a model nobody knows. @throws VALUE_INVALID */
export const numericRunAs = (text: string): RunAs => {
  const { user, group } = split(text);
  const uid = numberOf(user);
  const gid = numberOf(group ?? user);
  if (uid === undefined || gid === undefined) {
    throw failure('VALUE_INVALID', 'the host of a model has no names of users', {
      location: locationOf(text),
      cause: 'a model describes devices and what one may do with them, not who has an account',
      fixes: ['give numbers: --run-as 1000:1000'],
    });
  }
  return runAs(text, { name: user, uid, gid }, undefined, []);
};
