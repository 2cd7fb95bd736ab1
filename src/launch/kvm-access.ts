import type { Problem } from '../errors/problem.ts';
import type { ActingUser } from '../kernel/posix-acl.ts';
import type { KvmUse } from './accelerator.ts';
import type { RunAs } from './run-as.ts';

const KVM_NODE = '/dev/kvm';

/** Whether a user can open a node for reading and writing. */
export type Opens = (node: string, user: ActingUser) => boolean | 'absent';

interface KvmAccess {
  /** Supplementary groups to keep for it. */
  readonly groups: readonly number[];
  readonly notes: readonly string[];
  readonly problems: readonly Problem[];
}

const NOTHING: KvmAccess = { groups: [], notes: [], problems: [] };

const refused = ({ name }: RunAs, use: KvmUse): Problem => ({
  code: 'PERMISSION',
  severity: use === 'needed' ? 'error' : 'warning',
  subject: KVM_NODE,
  message: 'Could not access KVM kernel module: Permission denied',
  cause: `${name} may not open ${KVM_NODE}, neither as its owner nor by a group or an access control list`,
  fixes: [`usermod -aG $(stat -c %G ${KVM_NODE}) ${name}`, `setfacl -m u:${name}:rw ${KVM_NODE}`],
});

/** The group of /dev/kvm is the one group of the user that an engine keeps, and only if it needs it. */
export const kvmAccess = (runAs: RunAs, use: KvmUse, opens: Opens): KvmAccess => {
  if (use === 'no') return NOTHING;
  const { name, uid, gid, memberships } = runAs;
  if (opens(KVM_NODE, { uid, gid, groups: [] }) !== false) return NOTHING;
  const group = memberships.find((candidate) => opens(KVM_NODE, { uid, gid, groups: [candidate] }) === true);
  return group === undefined
    ? { ...NOTHING, problems: [refused(runAs, use)] }
    : {
        groups: [group],
        notes: [`group ${group} is kept, because ${name} is in it and it lets QEMU open ${KVM_NODE}`],
        problems: [],
      };
};
