import type { AddressSpace } from '../backends/address-space.ts';
import { hex } from '../backends/iova-ranges.ts';
import type { Problem } from '../errors/problem.ts';
import type { PropertyValue, PropertyValues } from '../objects/property.ts';
import type { BindingPlan } from '../binding/binding-plan.ts';
import type { EngineLaunch } from '../launch/engine-launch.ts';
import type { PrivilegePlan } from '../launch/plan-privileges.ts';
import type { Plan } from '../plan/plan.ts';
import type { DeviceEntry } from '../plan/plan-device.ts';
import { predictTimeline } from '../plan/timeline.ts';
import { BARE_MACHINE } from '../request/read-machine.ts';

/** A number that JSON readers keep exact, else a decimal string. */
const exact = (value: bigint): number | string => (value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString());

const plain = (value: PropertyValue): unknown => {
  if (typeof value === 'bigint') {
    return exact(value);
  }
  if (typeof value === 'object' && 'devfn' in value) {
    return value.devfn;
  }
  return Array.isArray(value) ? value.map(plain) : value;
};

const properties = (values: PropertyValues): Record<string, unknown> =>
  Object.fromEntries([...values].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => [name, plain(value)]));

const deviceJson = ({ linked, identity, selection, object, device }: DeviceEntry, spaces: readonly AddressSpace[]) => ({
  path: linked.path,
  id: linked.spec.id ?? null,
  type: linked.spec.type.name,
  host: identity?.kind === 'pci' ? identity.name : null,
  sysfs: identity?.sysfs ?? null,
  cdev: device?.cdev?.path ?? null,
  group: device?.group ?? null,
  mdev: identity?.kind === 'mediated' ? identity.name : null,
  backend: selection?.backend ?? null,
  reason: selection?.reason ?? null,
  links: object === undefined ? {} : { iommufd: object.path },
  addressSpace: spaces.find(({ devices }) => devices.some(({ path }) => path === linked.path))?.id ?? null,
});

const spaceJson = ({ id, backend, devices, sections }: AddressSpace) => ({
  id,
  backend,
  devices: devices.map(({ path }) => path),
  maps: sections.map((section) => ({ iova: hex(section.iova), size: exact(section.size), access: 'rw', memory: section.block })),
});

export const memlockJson = ({ required, limit, accounting, sufficient, libvirt, notes }: Plan['memlock']) => ({
  requiredBytes: exact(required),
  limitBytes: limit === undefined ? 'unlimited' : exact(limit),
  accounting,
  sufficient,
  libvirt: { bytes: libvirt.bytes === 'unlimited' ? 'unlimited' : exact(libvirt.bytes), formula: libvirt.formula },
  notes,
});

export const problemJson = ({ code, severity, subject, message, cause, fixes }: Problem) => ({
  code,
  severity,
  subject: subject ?? null,
  message,
  cause: cause ?? null,
  fixes: fixes ?? [],
});

const execJson = ({ path, command }: EngineLaunch) => ({
  path,
  argv: command.argv,
  changes: command.changes.map(({ from, to, reasons }) => ({ from: from ?? null, to, reasons })),
});

const privilegesJson = ({ user, credentials, opened, grants, memlock, notes }: PrivilegePlan) => ({
  user: user === undefined ? null : { name: user.name, uid: user.uid, gid: user.gid, groups: credentials?.groups ?? [] },
  opened: opened.map(({ fd, kind, node, owner }) => ({ fd, kind, node, owner })),
  grants: grants.map(({ node, uid }) => ({ node, uid })),
  memlockBytes: memlock?.soft === undefined ? null : exact(memlock.soft),
  notes,
});

const bindingJson = ({ device, target, reason }: BindingPlan['members'][number]) => ({
  address: device.address,
  group: device.group,
  driver: device.driver,
  driverThen: target === undefined || target === 'any' ? device.driver : target.driver,
  reason,
});

/** What goes on around a plan when it is launched. */
interface PlanSurroundings {
  /** For machine types that are not built in. */
  readonly engine?: EngineLaunch | undefined;
  readonly privileges?: PrivilegePlan | undefined;
  readonly binding?: BindingPlan | undefined;
}

/**
 * A plan as the object that `plan --format json` prints, `schema` "vmattach.plan/1". Keys are stable; the same command line on
 * the same host gives the same bytes.
 * @param surroundings how an engine is started, as whom and with what, and which devices are bound before
 */
export const planJson = (plan: Plan, { engine, privileges, binding }: PlanSurroundings = {}) => ({
  schema: 'vmattach.plan/1',
  machine: {
    type: plan.request.machine.type,
    engine: plan.request.machine.type === BARE_MACHINE ? 'built-in' : 'qemu',
    memoryBytes: exact(plan.ram.size),
  },
  objects: plan.objects.map(({ path, id, type, auto }) => ({
    path,
    id,
    type,
    auto,
    properties: properties(plan.request.objects.find((object) => `/objects/${object.id}` === path)?.values ?? new Map()),
  })),
  devices: plan.entries.map((entry) => deviceJson(entry, plan.spaces)),
  addressSpaces: plan.spaces.map(spaceJson),
  fds: plan.fds.map(({ number, kind, owner }) => ({ number, kind, owner })),
  memlock: memlockJson(plan.memlock),
  steps: plan.steps.map(({ id, call, after, subject }) => ({ id, call, after, subject })),
  timeline: predictTimeline(plan),
  ...(engine !== undefined && { exec: execJson(engine) }),
  ...(privileges !== undefined && { privileges: privilegesJson(privileges) }),
  ...(binding !== undefined && { bindings: binding.members.map(bindingJson) }),
  problems: plan.problems.map(problemJson),
});
