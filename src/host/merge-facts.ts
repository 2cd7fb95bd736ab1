import type { HostModel, Writable } from './model.ts';

const merge = <T>(known: readonly T[], fresh: readonly T[], key: (item: T) => string | number): readonly T[] => [
  ...new Map([...known, ...fresh].map((item) => [key(item), item])).values(),
];

/**
 * Facts that were read before, brought up to date by some that were read now: what both know is as it is now.
 * @param fresh may leave out devices whose facts cannot have changed, because this process holds them
 */
export const mergeFacts = (known: HostModel, fresh: HostModel): HostModel => {
  const mediated = merge(known.mediatedDevices ?? [], fresh.mediatedDevices ?? [], ({ uuid }) => uuid);
  const merged: Writable<HostModel> = {
    ...fresh,
    iommus: merge(known.iommus, fresh.iommus, ({ name }) => name),
    groups: merge(known.groups, fresh.groups, ({ id }) => id),
    devices: merge(known.devices, fresh.devices, ({ address }) => address),
    nodes: { ...known.nodes, ...fresh.nodes },
  };
  if (mediated.length > 0) merged.mediatedDevices = mediated;
  if (known.fds !== undefined || fresh.fds !== undefined) merged.fds = { ...known.fds, ...fresh.fds };
  return merged;
};
