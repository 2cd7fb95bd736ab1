import { errnoNumber } from '../errno.ts';
import { SystemCallError } from '../system-call-error.ts';
import { libc as loadLibc, type Libc } from './libc.ts';

/** A user of this system. */
export interface UserAccount {
  readonly name: string;
  readonly uid: number;
  /** The group of the user's processes. */
  readonly gid: number;
}

export interface GroupAccount {
  readonly name: string;
  readonly gid: number;
}

/** Users and groups by name or number, from whatever source the system is set up with (nsswitch.conf(5)). */
export interface Accounts {
  readonly user: (key: string | number) => UserAccount | undefined;
  readonly group: (key: string | number) => GroupAccount | undefined;
  /** All groups that a login of the user has, the given one included. */
  readonly groupsOf: (user: UserAccount) => readonly number[];
}

/** struct passwd and struct group of 64-bit systems: two pointers, then the id, and the group's id of a user. */
const ENTRY_BYTES = 64;
const FIRST_ID = 16;
const SECOND_ID = 20;

const FIRST_BUFFER = 4096;
const LARGEST_BUFFER = 1 << 22;

/** What libc returns where there is no such entry, beside 0 (getpwnam(3)). */
const ABSENT: ReadonlySet<number> = new Set([0, ...(['ENOENT', 'ESRCH', 'EBADF', 'EPERM'] as const).map(errnoNumber)]);

type LookUp = (entry: Uint8Array, buffer: bigint, length: number, found: BigUint64Array) => number;

interface Entry {
  readonly name: string;
  readonly view: DataView;
}

const textAt = (libc: Libc, buffer: bigint, length: number, address: bigint): string => {
  const bytes = Buffer.from(libc.view(buffer, length)).subarray(Number(address - buffer));
  return bytes.toString('utf8', 0, bytes.indexOf(0));
};

const attempt = (libc: Libc, lookUp: LookUp, length: number): Entry | 'too small' | undefined => {
  const buffer = libc.allocate(length);
  try {
    const entry = new Uint8Array(ENTRY_BYTES);
    const found = new BigUint64Array(1);
    const errno = lookUp(entry, buffer, length, found);
    if (errno === errnoNumber('ERANGE')) return 'too small';
    if (found[0] === 0n) {
      if (ABSENT.has(errno)) return undefined;
      throw new SystemCallError('getpwnam_r', errno, 'the database of users and groups');
    }
    const view = new DataView(entry.buffer);
    return { name: textAt(libc, buffer, length, view.getBigUint64(0, true)), view };
  } finally {
    libc.free(buffer);
  }
};

/** A group with thousands of members needs a large buffer. */
const find = (libc: Libc, lookUp: LookUp): Entry | undefined => {
  for (let length = FIRST_BUFFER; length <= LARGEST_BUFFER; length *= 4) {
    const entry = attempt(libc, lookUp, length);
    if (entry !== 'too small') return entry;
  }
  throw new SystemCallError('getgrnam_r', errnoNumber('ERANGE'), 'the database of users and groups');
};

const groupsOf = (libc: Libc, { name, gid }: UserAccount): readonly number[] => {
  const { getgrouplist } = libc.privileges();
  const count = Int32Array.of(64);
  for (;;) {
    const groups = new Uint32Array(count[0] ?? 0);
    if (getgrouplist(name, gid, groups, count) >= 0) return [...groups.subarray(0, count[0])];
    if ((count[0] ?? 0) <= groups.length) count[0] = groups.length * 2;
  }
};

/** The accounts of this system. Native code is loaded by this call. */
export const linuxAccounts = (): Accounts => {
  const libc = loadLibc();
  const { getpwnam, getpwuid, getgrnam, getgrgid } = libc.privileges();
  return {
    user: (key) => {
      const entry = find(libc, (...memory) => (typeof key === 'number' ? getpwuid(key, ...memory) : getpwnam(key, ...memory)));
      return entry === undefined
        ? undefined
        : { name: entry.name, uid: entry.view.getUint32(FIRST_ID, true), gid: entry.view.getUint32(SECOND_ID, true) };
    },
    group: (key) => {
      const entry = find(libc, (...memory) => (typeof key === 'number' ? getgrgid(key, ...memory) : getgrnam(key, ...memory)));
      return entry === undefined ? undefined : { name: entry.name, gid: entry.view.getUint32(FIRST_ID, true) };
    },
    groupsOf: (user) => groupsOf(libc, user),
  };
};
