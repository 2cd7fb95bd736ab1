import { CONTAINER_NODE } from '../backends/type1-steps.ts';
import { groupNode } from '../backends/group-steps.ts';
import type { Problem } from '../errors/problem.ts';
import { IOMMUFD_NODE } from '../host/stock-nodes.ts';
import type { Credentials } from '../kernel/linux/drop-privileges.ts';
import type { ResourceLimit } from '../kernel/kernel.ts';
import type { ActingUser } from '../kernel/posix-acl.ts';
import type { Plan } from '../plan/plan.ts';
import type { PlannedDevice } from '../plan/planned-device.ts';
import type { KvmUse } from './accelerator.ts';
import { kvmAccess, type Opens, type OwnerOf } from './kvm-access.ts';
import type { RunAs } from './run-as.ts';

/** A file that is opened here for an engine that may not open it. */
export interface OpenedFile {
  /** QOM path of the object or device that it is for. */
  readonly owner: string;
  readonly kind: 'iommufd' | 'vfio-cdev';
  readonly node: string;
  /** The number that the engine gets. */
  readonly fd: number;
  /** Whether an iommufd is set to charge the process; see docs/decisions/0004-locked-memory-per-process.md. */
  readonly chargesProcess: boolean;
}

/** A node that a user may open for the life of a VM. */
export interface NodeGrant {
  readonly node: string;
  readonly uid: number;
}

/** What an engine is allowed, and how it gets what it is not. */
export interface PrivilegePlan {
  readonly user: RunAs | undefined;
  /** Undefined: the engine runs as who started vmattach. */
  readonly credentials: Credentials | undefined;
  readonly opened: readonly OpenedFile[];
  readonly grants: readonly NodeGrant[];
  /** The limit the engine is started with, where it is raised. */
  readonly memlock: ResourceLimit | undefined;
  /** Sentences for people. */
  readonly notes: readonly string[];
  readonly problems: readonly Problem[];
}

export interface PrivilegeInput {
  readonly runAs: RunAs | undefined;
  /** Somebody stays who takes grants back. */
  readonly supervised: boolean;
  readonly memlock: ResourceLimit | undefined;
  readonly kvm: KvmUse;
  /** The option for which the engine starts a program that gains privileges, as it was written. */
  readonly helper: string | undefined;
  readonly opens: Opens;
  readonly ownerOf: OwnerOf;
  /** The first `count` numbers that are free for file descriptors. */
  readonly freeNumbers: (count: number) => readonly number[];
}

const ROOT: ActingUser = { uid: 0, gid: 0, groups: [] };

/** An object that no device uses yet is opened for those that come later; where that cannot be, they will miss it. */
const isWanted = (path: string, { devices }: Plan, opens: Opens): boolean =>
  devices.some(({ object }) => object?.path === path) || opens(IOMMUFD_NODE, ROOT) !== 'absent';

const filesToOpen = (plan: Plan, opens: Opens): Omit<OpenedFile, 'fd'>[] => [
  ...plan.objects.flatMap(({ path, iommufd }) =>
    iommufd === undefined || iommufd.fd !== undefined || !isWanted(path, plan, opens)
      ? []
      : [{ owner: path, kind: 'iommufd' as const, node: IOMMUFD_NODE, chargesProcess: iommufd.accounting === 'process' }],
  ),
  ...plan.devices.flatMap(({ path, backend, fd, cdev }) =>
    backend !== 'iommufd' || fd !== undefined || cdev === undefined
      ? []
      : [{ owner: path, kind: 'vfio-cdev' as const, node: cdev.path, chargesProcess: false }],
  ),
];

/** The nodes that a type1 device takes, each with the first device that needs it; there is no fd to pass in their place. */
const type1Nodes = ({ devices }: Plan): ReadonlyMap<string, PlannedDevice> => {
  const nodes = new Map<string, PlannedDevice>();
  for (const device of devices.filter(({ backend }) => backend === 'type1')) {
    for (const node of [groupNode(device.group), CONTAINER_NODE]) if (!nodes.has(node)) nodes.set(node, device);
  }
  return nodes;
};

const refused = (node: string, { name }: RunAs, device: PlannedDevice): Problem => ({
  code: 'PERMISSION',
  severity: 'error',
  subject: node,
  location: device.location,
  message: `vfio ${device.name}: Could not open '${node}': Permission denied`,
  cause: `type1 has no file descriptor that could be passed: QEMU opens ${node} by itself, and ${name} may not`,
  fixes: [
    'attach through iommufd, whose file descriptors are passed: --default-backend iommufd',
    `--supervise: ${name} may open the node for the life of the VM`,
  ],
});

/** A container node that is made later is everybody's (drivers/vfio/container.c); a group node is root's. */
const isClosed = (node: string, opens: ReturnType<Opens>): boolean => (opens === 'absent' ? node !== CONTAINER_NODE : !opens);

const nodeAccess = (plan: Plan, runAs: RunAs, { opens, supervised }: PrivilegeInput) => {
  const user = { uid: runAs.uid, gid: runAs.gid, groups: [] };
  const closed = [...type1Nodes(plan)].filter(([node]) => isClosed(node, opens(node, user)));
  return supervised
    ? { grants: closed.map(([node]) => ({ node, uid: runAs.uid })), problems: [] }
    : { grants: [], problems: closed.map(([node, device]) => refused(node, runAs, device)) };
};

const helperNote = (helper: string): string =>
  `${helper} makes QEMU start a helper with privileges of its own, so QEMU may start set-user-ID programs (no_new_privs is not set)`;

const type1Note = (plan: Plan, { runAs }: PrivilegeInput): string[] =>
  runAs === undefined && plan.devices.some(({ backend }) => backend === 'type1')
    ? ['devices of type1 have no file descriptor that could be passed: QEMU opens their group nodes by itself']
    : [];

/** What passing files and running as another user takes, and what stands against it. Pure but for what it asks of its input. */
export const planPrivileges = (plan: Plan, input: PrivilegeInput): PrivilegePlan => {
  const { runAs, helper, memlock } = input;
  const files = filesToOpen(plan, input.opens);
  const numbers = input.freeNumbers(files.length);
  const opened = files.map((file, index): OpenedFile => ({ ...file, fd: numbers[index] ?? -1 }));
  if (runAs === undefined) {
    return { user: undefined, credentials: undefined, opened, grants: [], memlock, notes: type1Note(plan, input), problems: [] };
  }
  const { grants, problems } = nodeAccess(plan, runAs, input);
  const kvm = kvmAccess(runAs, input.kvm, input.opens, input.ownerOf);
  const allowHelpers = helper !== undefined;
  return {
    user: runAs,
    credentials: { uid: runAs.uid, gid: runAs.gid, groups: kvm.groups, allowHelpers },
    opened,
    grants,
    memlock,
    notes: [...kvm.notes, ...(helper === undefined ? [] : [helperNote(helper)])],
    problems: [...problems, ...kvm.problems],
  };
};
