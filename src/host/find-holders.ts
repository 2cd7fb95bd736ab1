import type { NodeFacts } from './model.ts';
import type { SystemFiles } from './system-files.ts';

type Holder = NonNullable<NodeFacts['heldBy']>;

/**
 * Which process has a node open, for nodes that only one may have: groups and cdevs. It looks at the links in /proc/PID/fd and sees only
 * processes whose links this one may read, in its own PID namespace. Cost grows with the number of open files of the host.
 * @param nodes paths as in /dev
 * @param self PID to leave out
 */
export const findHolders = (files: SystemFiles, nodes: readonly string[], self: number): ReadonlyMap<string, Holder> => {
  const wanted = new Set(nodes);
  const holders = new Map<string, Holder>();
  const processes = files.names('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== self);
  for (const pid of processes) {
    for (const fd of files.names(`/proc/${pid}/fd`)) {
      const target = files.link(`/proc/${pid}/fd/${fd}`);
      if (target === undefined || !wanted.has(target) || holders.has(target)) continue;
      holders.set(target, { pid: Number(pid), command: files.text(`/proc/${pid}/comm`) ?? 'unknown' });
    }
  }
  return holders;
};
