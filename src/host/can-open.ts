import type { NodeFacts, ProcessFacts } from './model.ts';

/** Whether a node can be opened for reading and writing; if not, why, for people. */
export type OpenPermission = { readonly allowed: true } | { readonly allowed: false; readonly reason: string };

const READ_WRITE = 0o6;

const permissionBits = (node: NodeFacts, process: ProcessFacts): number => {
  const mode = Number.parseInt(node.mode, 8);
  if (process.uid === node.uid) return mode >> 6;
  if (process.gid === node.gid || process.groups.includes(node.gid)) return mode >> 3;
  return mode;
};

/**
 * The decision of open(2) with O_RDWR by owner, group and mode (path_resolution(7)): only the first class that matches counts, and
 * CAP_DAC_OVERRIDE passes all. ACLs, security modules and the device cgroup are not in the model and can still refuse.
 */
export const canOpen = (node: NodeFacts, process: ProcessFacts): OpenPermission => {
  if (process.capabilities.includes('CAP_DAC_OVERRIDE')) return { allowed: true };
  if ((permissionBits(node, process) & READ_WRITE) === READ_WRITE) return { allowed: true };
  const groups = [...new Set([process.gid, ...process.groups])].join(', ');
  return {
    allowed: false,
    reason: `mode ${node.mode}, owner ${node.uid}:${node.gid}; this process is uid ${process.uid} with groups ${groups}`,
  };
};
