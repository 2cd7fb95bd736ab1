import type { CdevFacts, HostModel, NodeFacts } from '../host/model.ts';
import { isVfioDriver } from '../host/query.ts';
import { CONTAINER_NODE, IOMMUFD_NODE } from '../host/stock-nodes.ts';
import type { BindingPlan } from './binding-plan.ts';

/** vfio numbers its cdevs from 0 on and takes the lowest that is free (drivers/vfio/vfio_main.c, ida_alloc_max). */
const nextCdev = (taken: Set<string>): string => {
  for (let number = 0; ; number += 1) {
    const name = `vfio${number}`;
    if (!taken.has(name)) {
      taken.add(name);
      return name;
    }
  }
};

/** Which number the node of a cdev gets is not known before, and decides nothing. */
const UNKNOWN_NUMBER = '511';

/** As they are bound: siblings of named devices first. */
const inOrder = (members: BindingPlan['members']): BindingPlan['members'] => [
  ...members.filter(({ reason }) => reason === 'sibling'),
  ...members.filter(({ reason }) => reason !== 'sibling'),
];

const driversAfter = ({ members }: BindingPlan): ReadonlyMap<string, string | null> =>
  new Map(
    inOrder(members).flatMap(({ device, target }) =>
      target === undefined || target === 'any' ? [] : [[device.address, target.driver] as const],
    ),
  );

/** The cdevs of devices that get a driver of vfio, by address. */
const cdevsAfter = (drivers: ReadonlyMap<string, string | null>, taken: Set<string>): ReadonlyMap<string, CdevFacts> =>
  new Map(
    [...drivers].flatMap(([address, driver]) => {
      if (!isVfioDriver(driver)) return [];
      const name = nextCdev(taken);
      return [[address, { name, device: `${UNKNOWN_NUMBER}:${name.slice('vfio'.length)}` }] as const];
    }),
  );

/** The modules of vfio bring its nodes along; what is missing with the modules loaded stays missing. */
const nodesAfter = (nodes: HostModel['nodes'], loadsModules: boolean): Record<string, NodeFacts | null> =>
  Object.fromEntries(
    Object.entries(nodes ?? {}).filter(
      ([path, node]) => !(loadsModules && node === null && (path === CONTAINER_NODE || path === IOMMUFD_NODE)),
    ),
  );

/**
 * A host as it will be when its devices have been bound, as far as the kernel can be foreseen. Pure.
 * @param cdevs names of the cdevs that there are on the host, e.g. `vfio0`
 */
export const afterBinding = (host: HostModel, plan: BindingPlan, cdevs: readonly string[]): HostModel => {
  const drivers = driversAfter(plan);
  if (drivers.size === 0) return host;
  const taken = new Set([...cdevs, ...host.devices.flatMap(({ cdev }) => cdev?.name ?? [])]);
  const made = host.kernel.vfioCdev === false ? new Map<string, CdevFacts>() : cdevsAfter(drivers, taken);
  const loadsModules = plan.modules.length > 0;
  const { kernel } = host;
  return {
    ...host,
    kernel: { ...kernel, container: loadsModules && kernel.container === 'none' ? 'unknown' : kernel.container },
    devices: host.devices.map((device) => {
      const driver = drivers.get(device.address);
      return driver === undefined ? device : { ...device, driver, cdev: made.get(device.address) ?? null };
    }),
    nodes: nodesAfter(host.nodes, loadsModules),
  };
};
