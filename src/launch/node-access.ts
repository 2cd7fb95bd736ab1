import { readFileState, type FileState } from '../kernel/linux/file-access.ts';
import { canUserOpen, type ActingUser } from '../kernel/posix-acl.ts';
import { SystemCallError } from '../kernel/system-call-error.ts';

/** Undefined when there is no such node. */
export const stateOfNode = (node: string): FileState | undefined => {
  try {
    return readFileState(node);
  } catch (error) {
    if (error instanceof SystemCallError) return undefined;
    throw error;
  }
};

/** Whether a user without capabilities can open a node, as its owner, mode and access control list say. */
export const nodeOpens = (node: string, user: ActingUser): boolean | 'absent' => {
  const state = stateOfNode(node);
  return state === undefined ? 'absent' : canUserOpen(state, user);
};
