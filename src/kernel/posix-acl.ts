/** Access control lists of files as the attribute `system.posix_acl_access` holds them (linux/posix_acl_xattr.h). */
export interface AclEntry {
  readonly tag: 'owner' | 'user' | 'owning group' | 'group' | 'mask' | 'others';
  /** Bits as in a mode: 4 read, 2 write, 1 execute. */
  readonly permissions: number;
  /** Of a named user or group. */
  readonly id?: number;
}

/** Whose file it is, and who may do what with it. */
export interface FileAccess {
  readonly uid: number;
  readonly gid: number;
  /** Permission bits; with an ACL, those of the group are its mask. */
  readonly mode: number;
  /** Undefined when there is none: the mode says all. */
  readonly acl: readonly AclEntry[] | undefined;
}

/** Ids as open(2) looks at them. */
export interface ActingUser {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

const TAGS = { owner: 0x01, user: 0x02, 'owning group': 0x04, group: 0x08, mask: 0x10, others: 0x20 } as const;
const NAMES = new Map(Object.entries(TAGS).map(([name, tag]) => [tag as number, name as AclEntry['tag']]));
const VERSION = 2;
const HEADER_BYTES = 4;
const ENTRY_BYTES = 8;
const NO_ID = 0xffff_ffff;

const READ_WRITE = 0o6;
const ALL = 0o7;

/** @returns undefined for what is no ACL of the known version */
export const parseAcl = (bytes: Uint8Array): readonly AclEntry[] | undefined => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES || view.getUint32(0, true) !== VERSION) return undefined;
  const entries: AclEntry[] = [];
  for (let at = HEADER_BYTES; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) {
    const tag = NAMES.get(view.getUint16(at, true));
    if (tag === undefined) return undefined;
    const permissions = view.getUint16(at + 2, true);
    entries.push(tag === 'user' || tag === 'group' ? { tag, permissions, id: view.getUint32(at + 4, true) } : { tag, permissions });
  }
  return entries;
};

/** The kernel wants entries by tag, those of one tag by id. */
const inOrder = (entries: readonly AclEntry[]): AclEntry[] =>
  entries.toSorted((one, other) => TAGS[one.tag] - TAGS[other.tag] || (one.id ?? 0) - (other.id ?? 0));

export const formatAcl = (entries: readonly AclEntry[]): Uint8Array => {
  const bytes = new Uint8Array(HEADER_BYTES + ENTRY_BYTES * entries.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, VERSION, true);
  inOrder(entries).forEach(({ tag, permissions, id = NO_ID }, index) => {
    const at = HEADER_BYTES + ENTRY_BYTES * index;
    view.setUint16(at, TAGS[tag], true);
    view.setUint16(at + 2, permissions, true);
    view.setUint32(at + 4, id, true);
  });
  return bytes;
};

/** What a mode says, as an ACL; set on a file, it leaves the mode alone and no ACL. */
export const modeAcl = (mode: number): readonly AclEntry[] => [
  { tag: 'owner', permissions: (mode >> 6) & ALL },
  { tag: 'owning group', permissions: (mode >> 3) & ALL },
  { tag: 'others', permissions: mode & ALL },
];

const isNamed = ({ tag }: AclEntry): boolean => tag === 'user' || tag === 'group';

/** Adds reading and writing for users to what is there. Others may do what they could before: the mask covers no more than it must. */
export const grantUsers = ({ mode, acl }: Pick<FileAccess, 'mode' | 'acl'>, uids: readonly number[]): readonly AclEntry[] => {
  const before = acl ?? modeAcl(mode);
  const mask = before.find(({ tag }) => tag === 'mask')?.permissions ?? ALL;
  const kept = before
    .filter(({ tag, id }) => tag !== 'mask' && !(tag === 'user' && uids.includes(id ?? NO_ID)))
    .map((entry) => (isNamed(entry) || entry.tag === 'owning group' ? { ...entry, permissions: entry.permissions & mask } : entry));
  const entries = [...kept, ...uids.map((id): AclEntry => ({ tag: 'user', permissions: READ_WRITE, id }))];
  const covered = entries.filter((entry) => isNamed(entry) || entry.tag === 'owning group');
  return [...entries, { tag: 'mask', permissions: covered.reduce((bits, { permissions }) => bits | permissions, 0) }];
};

/** Whether a user without capabilities can open the file for reading and writing (acl(5), "access check algorithm"). */
export const canUserOpen = ({ uid, gid, mode, acl }: FileAccess, user: ActingUser): boolean => {
  const entries = acl ?? modeAcl(mode);
  const has = (bits: number | undefined): boolean => ((bits ?? 0) & READ_WRITE) === READ_WRITE;
  const bitsOf = (tag: AclEntry['tag']): number | undefined => entries.find((entry) => entry.tag === tag)?.permissions;
  const mask = bitsOf('mask') ?? ALL;
  if (user.uid === uid) return has(bitsOf('owner'));
  const named = entries.find(({ tag, id }) => tag === 'user' && id === user.uid);
  if (named !== undefined) return has(named.permissions & mask);
  const groups = new Set([user.gid, ...user.groups]);
  const matching = entries.filter(
    ({ tag, id }) => (tag === 'owning group' && groups.has(gid)) || (tag === 'group' && groups.has(id ?? NO_ID)),
  );
  return matching.length > 0 ? matching.some(({ permissions }) => has(permissions & mask)) : has(bitsOf('others'));
};
