import type { Problem } from '../errors/problem.ts';
import { freeFdNumbers } from '../host/free-fds.ts';
import { canOpen } from '../host/can-open.ts';
import type { HostModel } from '../host/model.ts';
import type { ResourceLimit } from '../kernel/kernel.ts';
import { kvmUse } from '../launch/accelerator.ts';
import { mayBind, mayChangeUser, notBinder, notRoot, refuseDaemon, refuseForBuiltIn } from '../launch/check-options.ts';
import { engineMemlock } from '../launch/engine-memlock.ts';
import { needsEngine, type LaunchPlan } from '../launch/engine-launch.ts';
import type { Opens, OwnerOf } from '../launch/kvm-access.ts';
import { networkHelper } from '../launch/network-helper.ts';
import { nodeOpens, stateOfNode } from '../launch/node-access.ts';
import { planPrivileges, type PrivilegePlan } from '../launch/plan-privileges.ts';
import type { RunAs } from '../launch/run-as.ts';
import { createPlan } from '../plan/create-plan.ts';
import { indexHost } from '../plan/host-index.ts';
import { withProblems, type Plan } from '../plan/plan.ts';
import { readRunAs } from './account-source.ts';
import { accessHost, type HostAccess, type HostView } from './host-access.ts';
import type { ManagedDevices } from './managed-devices.ts';
import type { PassedFds } from './passed-fds.ts';
import { planWithEngine } from './plan-engine.ts';
import type { Launch } from './read-launch.ts';

/** All that is decided before anything is touched. */
export interface PreparedLaunch extends LaunchPlan {
  readonly host: HostAccess;
  /** Undefined where the engine simply takes the place of vmattach. */
  readonly privileges: PrivilegePlan | undefined;
  readonly managed: ManagedDevices | undefined;
  /** The plan on the host as it is now, to explain a failure. */
  readonly replan: () => Plan;
}

interface LimitedPlan {
  readonly plan: Plan;
  readonly memlock: ResourceLimit | undefined;
}

const limitText = (limit: bigint | undefined): string => (limit === undefined ? 'unlimited' : limit.toString());

/** The engine that runs as a user has no capability that lifts the limit. */
const withoutExemption = ({ process, ...host }: HostModel): HostModel => ({
  ...host,
  process: { ...process, capabilities: process.capabilities.filter((name) => name !== 'CAP_IPC_LOCK') },
});

const withLimit = ({ process, ...host }: HostModel, { soft, hard }: ResourceLimit): HostModel => ({
  ...host,
  process: { ...process, memlock: { soft: limitText(soft), hard: limitText(hard) } },
});

/** The plan with the limit that the engine is started with; how high that has to be, a plan without it tells. */
const limitedPlan = ({ request, settings }: Launch, facts: HostModel): LimitedPlan => {
  const create = (host: HostModel): Plan => createPlan(request, host, settings.backends);
  if (!settings.passFds || !needsEngine(request)) return { plan: create(facts), memlock: undefined };
  const host = settings.runAs === undefined ? facts : withoutExemption(facts);
  const plan = create(host);
  const memlock = engineMemlock(plan.memlock, host.process);
  return memlock === undefined ? { plan, memlock } : { plan: create(withLimit(host, memlock)), memlock };
};

/** On a model only owner and mode of a node are known. */
const modelNodes = (host: HostModel): { readonly opens: Opens; readonly ownerOf: OwnerOf } => {
  const index = indexHost(host);
  return {
    opens: (path, user) => {
      const node = index.node(path);
      return node === undefined ? 'absent' : canOpen(node, { ...host.process, ...user, capabilities: [] }).allowed;
    },
    ownerOf: (path) => {
      const node = index.node(path);
      return node === undefined ? undefined : { ...node, mode: Number.parseInt(node.mode, 8) };
    },
  };
};

const privilegesOf = (
  { launch: { settings, scanned } }: PassedFds<Launch>,
  facts: HostModel,
  { plan, memlock }: LimitedPlan,
  runAs: RunAs | undefined,
): PrivilegePlan =>
  planPrivileges(plan, {
    runAs,
    supervised: settings.supervise,
    memlock,
    kvm: kvmUse(scanned.options),
    helper: networkHelper(scanned.options)?.location,
    ...(settings.hostModel === undefined ? { opens: nodeOpens, ownerOf: stateOfNode } : modelNodes(facts)),
    freeNumbers: (count) => freeFdNumbers(count, new Set(plan.fds.map(({ number }) => number))),
  });

const missingRights = ({ settings: { runAs } }: Launch, { process }: HostModel, managed: ManagedDevices | undefined): Problem[] => [
  ...(runAs === undefined || mayChangeUser(process) ? [] : [notRoot(runAs, process)]),
  ...(managed === undefined || managed.binding.writes.length === 0 || mayBind(process) ? [] : [notBinder(process)]),
];

/** @throws OPTION_UNSUPPORTED, CONFLICT, VALUE_INVALID */
const readUser = ({ settings, scanned, request }: Launch): RunAs | undefined => {
  if (needsEngine(request)) refuseDaemon(scanned.options, settings);
  else refuseForBuiltIn(scanned.options);
  return settings.runAs === undefined ? undefined : readRunAs(settings.runAs, settings.hostModel !== undefined);
};

const manage = async ({ settings: { hostModel }, request }: Launch, { facts }: HostAccess): Promise<ManagedDevices> => {
  const { planManagedDevices } = await import('./managed-devices.ts');
  return planManagedDevices(request, facts, hostModel !== undefined);
};

/**
 * Plans a launch with all that goes on around it: devices to bind, files to open and grant, the user to become.
 * @throws VmattachError for what the command line alone forbids
 */
export const prepareLaunch = async (passed: PassedFds<Launch>, view: HostView = {}): Promise<PreparedLaunch> => {
  const { launch } = passed;
  const { settings, request } = launch;
  const runAs = readUser(launch);
  const host = await accessHost(settings.hostModel, request, view);
  const managed = settings.manageDevices ? await manage(launch, host) : undefined;
  const facts = managed?.host ?? host.facts;
  const limited = limitedPlan(launch, facts);
  const privileges = settings.passFds && needsEngine(request) ? privilegesOf(passed, facts, limited, runAs) : undefined;
  const refusals = missingRights(launch, facts, managed);
  const plan = withProblems(limited.plan, privileges?.problems ?? [], [...refusals, ...(managed?.binding.problems ?? [])]);
  const opened = (privileges?.opened ?? []).map(({ owner, fd }) => [owner, fd] as const);
  return {
    ...planWithEngine(plan, passed, opened),
    host,
    privileges,
    managed,
    replan: () => limitedPlan(launch, host.reread()).plan,
  };
};
