import type { BindingPlan } from '../binding/binding-plan.ts';
import type { PrivilegePlan } from '../launch/plan-privileges.ts';
import { formatBytes } from '../plan/remedies.ts';
import { membersText } from './binding-text.ts';

const userLine = ({ user, credentials }: PrivilegePlan): string => {
  if (user === undefined || credentials === undefined) return 'QEMU runs as who starts vmattach';
  const groups = credentials.groups.length === 0 ? 'no supplementary groups' : `the group ${credentials.groups.join(', ')}`;
  return `QEMU runs as ${user.name} (${user.uid}:${user.gid}) with no capabilities and ${groups}`;
};

const memlockLine = ({ memlock }: PrivilegePlan): string[] =>
  memlock?.soft === undefined
    ? []
    : [`RLIMIT_MEMLOCK is set to ${formatBytes(memlock.soft)}: RAM and 1 GiB for what a machine maps beside it`];

/** What the engine is allowed and how it gets what it is not. @returns without a final line feed */
export const privilegesText = (privileges: PrivilegePlan): string =>
  [
    'privileges:',
    ...[
      userLine(privileges),
      ...privileges.opened.map(({ node, fd, owner }) => `vmattach opens ${node} for ${owner} and passes it as fd ${fd}`),
      ...privileges.grants.map(({ node, uid }) => `uid ${uid} may open ${node} for the life of the VM`),
      ...memlockLine(privileges),
      ...privileges.notes,
    ].map((line) => `  ${line}`),
  ].join('\n');

const NOTHING_BOUND = 'bound for the life of the VM: nothing';

/** The groups that `--manage-devices` takes. @returns without a final line feed */
export const bindingsText = (binding: BindingPlan): string => {
  const { members } = binding;
  if (members.length === 0) return `${NOTHING_BOUND}, no PCI device of this host is named`;
  return members.some(({ target }) => target !== undefined)
    ? ['bound for the life of the VM:', membersText(binding)].join('\n')
    : `${NOTHING_BOUND}, all devices are on vfio already`;
};
