import type { Problem } from '../errors/problem.ts';
import type { ActingUser, FileAccess } from '../kernel/posix-acl.ts';
import type { KvmUse } from './accelerator.ts';
import type { RunAs } from './run-as.ts';

const KVM_NODE = '/dev/kvm';

/** Whether a user can open a node for reading and writing. */
export type Opens = (node: string, user: ActingUser) => boolean | 'absent';

/** Owner, group and mode of a node. */
export type OwnerOf = (node: string) => Pick<FileAccess, 'uid' | 'gid' | 'mode'> | undefined;

interface KvmAccess {
  /** Supplementary groups to keep for it. */
  readonly groups: readonly number[];
  readonly notes: readonly string[];
  readonly problems: readonly Problem[];
}

const NOTHING: KvmAccess = { groups: [], notes: [], problems: [] };

const ROOT = 0;
const GROUP_READ_WRITE = 0o060;

const ownerText = (owner: ReturnType<OwnerOf>): string =>
  owner === undefined ? '' : ` (mode ${(owner.mode & 0o777).toString(8).padStart(4, '0')}, owner ${owner.uid}:${owner.gid})`;

/** Joining a group helps only if the group may open it, and nobody should join root's. */
const groupFix = ({ name }: RunAs, owner: ReturnType<OwnerOf>): string[] =>
  owner !== undefined && owner.gid !== ROOT && (owner.mode & GROUP_READ_WRITE) === GROUP_READ_WRITE
    ? [`usermod -aG $(stat -c %G ${KVM_NODE}) ${name}`]
    : [];

const refused = (runAs: RunAs, use: KvmUse, owner: ReturnType<OwnerOf>): Problem => ({
  code: 'PERMISSION',
  severity: use === 'needed' ? 'error' : 'warning',
  subject: KVM_NODE,
  message: 'Could not access KVM kernel module: Permission denied',
  cause: `${runAs.name} may not open ${KVM_NODE}${ownerText(owner)}, neither as its owner nor by a group or an access control list`,
  fixes: [...groupFix(runAs, owner), `setfacl -m u:${runAs.name}:rw ${KVM_NODE}`],
});

/** The group of /dev/kvm is the one group of the user that an engine keeps, and only if it needs it. */
export const kvmAccess = (runAs: RunAs, use: KvmUse, opens: Opens, ownerOf: OwnerOf): KvmAccess => {
  if (use === 'no') return NOTHING;
  const { name, uid, gid, memberships } = runAs;
  if (opens(KVM_NODE, { uid, gid, groups: [] }) !== false) return NOTHING;
  const group = memberships.find((candidate) => opens(KVM_NODE, { uid, gid, groups: [candidate] }) === true);
  return group === undefined
    ? { ...NOTHING, problems: [refused(runAs, use, ownerOf(KVM_NODE))] }
    : {
        groups: [group],
        notes: [`group ${group} is kept, because ${name} is in it and it lets QEMU open ${KVM_NODE}`],
        problems: [],
      };
};
