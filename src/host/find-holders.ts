import type { NodeHolder } from './model.ts';
import { CONTAINER_NODE, IOMMUFD_NODE } from './stock-nodes.ts';
import type { SystemFiles } from './system-files.ts';

/** What the open files of a process are, as its links say. */
const openFiles = (files: SystemFiles, pid: string): readonly string[] =>
  files.names(`/proc/${pid}/fd`).flatMap((fd) => files.link(`/proc/${pid}/fd/${fd}`) ?? []);

/**
 * Which process has a node open, for nodes that only one may have: groups and cdevs. It looks at the links in /proc/PID/fd and sees only
 * processes whose links this one may read, in its own PID namespace. Cost grows with the number of open files of the host.
 * @param nodes paths as in /dev
 * @param self PID to leave out
 */
export const findHolders = (files: SystemFiles, nodes: readonly string[], self: number): ReadonlyMap<string, NodeHolder> => {
  const wanted = new Set(nodes);
  const holders = new Map<string, NodeHolder>();
  const processes = files.names('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== self);
  for (const pid of processes) {
    const opened = openFiles(files, pid);
    const held = opened.filter((target) => wanted.has(target) && holders.get(target)?.hasIommufd !== true);
    if (held.length === 0) continue;
    const command = files.text(`/proc/${pid}/comm`) ?? 'unknown';
    // /dev/vfio/vfio counts: iommufd's compat layer may serve it.
    const hasIommufd = opened.includes(IOMMUFD_NODE) || opened.includes(CONTAINER_NODE);
    for (const target of held) {
      if (hasIommufd || !holders.has(target)) holders.set(target, { pid: Number(pid), command, hasIommufd });
    }
  }
  return holders;
};
