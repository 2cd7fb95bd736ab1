import type { DeviceEntry } from '../plan/plan-device.ts';

/** Devices that are drawn as one box: one device, or many of which nothing but the address differs. */
export type DeviceStack = readonly [DeviceEntry, ...DeviceEntry[]];

/** Devices of one IOMMU group, or a stack of devices that have a group each. Without groups: none of them was found on the host. */
export interface DeviceFrame {
  readonly groups: readonly number[];
  readonly stacks: readonly DeviceStack[];
}

/** From so many alike devices on a picture says more when it draws them once. */
const STACK_FROM = 7;

const gather = <K>(entries: readonly DeviceEntry[], keyOf: (entry: DeviceEntry) => K): Map<K, [DeviceEntry, ...DeviceEntry[]]> => {
  const gathered = new Map<K, [DeviceEntry, ...DeviceEntry[]]>();
  for (const entry of entries) {
    const key = keyOf(entry);
    const known = gathered.get(key);
    if (known === undefined) {
      gathered.set(key, [entry]);
    } else {
      known.push(entry);
    }
  }
  return gathered;
};

const likeness = ({ linked, object, selection, device }: DeviceEntry, problems: readonly string[]): string =>
  JSON.stringify([
    linked.spec.type.name,
    selection?.backend,
    selection?.reason,
    object?.path,
    device?.pci?.vendor,
    device?.pci?.device,
    device?.pci?.name,
    device?.mdev?.type,
    device?.fd === undefined,
    problems,
  ]);

const groupsOf = (stack: DeviceStack): number[] => stack.flatMap(({ device }) => (device === undefined ? [] : [device.group]));

/**
 * Sorts the devices of a plan into frames, in the order of the command line. Only devices alone in their group are stacked, so
 * that what a group holds is always seen.
 * @param problemsOf the codes of what stands against a device: only equals are stacked
 */
export const stackDevices = (
  entries: readonly DeviceEntry[],
  problemsOf: (entry: DeviceEntry) => readonly string[],
): readonly DeviceFrame[] => {
  const byGroup = gather(entries, ({ device, linked }) => device?.group ?? linked.path);
  const alike = gather(
    [...byGroup.values()].flatMap((members) => (members.length === 1 ? members : [])),
    (entry) => likeness(entry, problemsOf(entry)),
  );
  const stackOf = new Map([...alike.values()].flatMap((stack) => stack.map((entry) => [entry, stack] as const)));
  return [...byGroup.values()].flatMap((members): DeviceFrame[] => {
    const [first] = members;
    const stack = stackOf.get(first);
    if (stack === undefined || stack.length < STACK_FROM) {
      return [{ groups: groupsOf([first]), stacks: members.map((entry): DeviceStack => [entry]) }];
    }
    return stack[0] === first ? [{ groups: groupsOf(stack), stacks: [stack] }] : [];
  });
};
