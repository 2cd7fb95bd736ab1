import { canOpen } from '../host/can-open.ts';
import { CONTAINER_NODE, IOMMUFD_NODE } from '../host/stock-nodes.ts';
import * as remedies from '../plan/remedies.ts';
import { fails, never, ok, okUnless, withoutLaunch, type Criterion, type Defect, type Finding, type Subject } from './criterion.ts';

const refused = ({ model, host }: Subject, path: string): Defect[] => {
  const node = host.node(path);
  const remedy = node === undefined ? undefined : remedies.noPermission(path, node, model.process);
  return remedy === undefined ? [] : [{ ...remedy, subject: path }];
};

const isOpenable = ({ model, host }: Subject, path: string): boolean => {
  const node = host.node(path);
  return node !== undefined && canOpen(node, model.process).allowed;
};

/** Without a launch one way in is enough; with one the plan has looked at every node it needs. */
const checkNodes = (subject: Subject): Finding | undefined => {
  const { uid } = subject.model.process;
  if (subject.plan !== undefined) {
    return ok(`uid ${uid} may open all it needs`);
  }
  const nodes = [CONTAINER_NODE, IOMMUFD_NODE].filter((path) => subject.host.node(path) !== undefined);
  if (nodes.length === 0) {
    return undefined;
  }
  const openable = nodes.filter((path) => isOpenable(subject, path));
  return openable.length > 0
    ? ok(`uid ${uid} may open ${openable.join(' and ')}`)
    : okUnless(
        nodes.flatMap((path) => refused(subject, path)),
        '',
      );
};

/** A limit below this lets no guest through that anybody would want: distributions start with 8 MiB or less. */
const LEAST_USEFUL_LIMIT = 1024n ** 3n;

const checkMemlock = ({ model: { process }, plan }: Subject): Finding | undefined => {
  if (process.capabilities.includes('CAP_IPC_LOCK')) {
    return ok('not limited: CAP_IPC_LOCK');
  }
  const { soft } = process.memlock;
  if (soft === 'unlimited') {
    return ok('unlimited');
  }
  const limit = BigInt(soft);
  if (plan !== undefined && plan.spaces.length === 0) {
    return undefined;
  }
  if (plan !== undefined) {
    return ok(`needs ${remedies.formatBytes(plan.memlock.required)}, the limit is ${remedies.formatBytes(limit)}`);
  }
  return limit >= LEAST_USEFUL_LIMIT
    ? ok(`enough for guests of up to ${remedies.formatBytes(limit)}`)
    : fails({
        cause: `the limit (RLIMIT_MEMLOCK) is ${remedies.formatBytes(limit)}; all RAM of a guest must be locked`,
        fixes: ['ulimit -l with the RAM of the guest in KiB', 'systemd: LimitMEMLOCK=infinity', 'start with CAP_IPC_LOCK'],
      });
};

/** What this process may do. */
export const PROCESS_CRITERIA: readonly Criterion[] = [
  { id: 'permission', title: 'nodes may be opened', codes: ['PERMISSION'], hard: withoutLaunch, check: checkNodes },
  { id: 'memlock', title: 'locked memory limit', codes: ['MEMLOCK_TOO_LOW'], hard: never, check: checkMemlock },
];
